const slides = [...document.querySelectorAll("main > section")];
const turns = { ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
const asked = () => (parseInt(location.hash.slice(1)) || 1) - 1; // "#12" is the twelfth
let here = 0;

function show(place) {
  here = Math.max(0, Math.min(place, slides.length - 1));
  slides.forEach((slide, number) => slide.classList.toggle("here", number === here));
  history.replaceState(null, "", "#" + (here + 1));
  slides[here].focus({ preventScroll: true });
  enlarge();
}

// The explorer is laid out in pixels: make it as large as the slide, and less so where it is high.
function enlarge() {
  const unit = Math.min(innerWidth / 1280, innerHeight / 720);
  for (const explorer of slides[here].querySelectorAll(".output:has(script)")) {
    explorer.style.zoom = 1.25 * unit;
    explorer.style.zoom = unit * Math.max(1, (1.25 * explorer.clientHeight) / explorer.scrollHeight);
  }
}

// The next answer of a question, or the next slide when all were open.
function goOn() {
  const answer = slides[here].querySelector("details:not([data-seen])");
  if (!answer) return show(here + 1);
  answer.dataset.seen = "";
  answer.open = true;
}

addEventListener("keydown", (event) => {
  const { key } = event;
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest(".cell_output") && !key.startsWith("Page")) return; // it is the explorer's
  if (key === " " && event.target.closest("summary, a")) return; // it opens what has the focus
  if (key === "Home") show(0);
  else if (key === "End") show(slides.length - 1);
  else if (key in turns || (key === " " && event.shiftKey)) show(here + (turns[key] ?? -1));
  else if (key === "ArrowRight" || key === "PageDown" || key === " ") goOn();
  else return;
  event.preventDefault();
});
addEventListener("click", (event) => {
  if (event.target.closest("a, details, .output:has(script)") || !getSelection().isCollapsed) return;
  event.clientX < innerWidth / 8 ? show(here - 1) : goOn();
});
addEventListener("toggle", ({ target }) => target.open && (target.dataset.seen = ""), true);
addEventListener("hashchange", () => show(asked()));
addEventListener("resize", enlarge);

slides.forEach((slide, number) => {
  slide.tabIndex = -1;
  slide.dataset.place = `${number + 1} / ${slides.length}`;
  slide.querySelectorAll("details").forEach((answer) => {
    answer.name = `answers-${number}`; // one is open
    answer.classList.toggle("right", /^Right\b/.test(answer.querySelector("p")?.textContent));
  });
});
document.body.classList.add("presented");
show(asked());
