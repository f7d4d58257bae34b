from lesson_tools.cli import main

main()
