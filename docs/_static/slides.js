const slides = [...document.querySelectorAll(".slide")];
const steps = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
const asked = () => (parseInt(location.hash.slice(1)) || 1) - 1; // "#12" is the twelfth
let here = 0;

// Make the text of a slide smaller until nothing is cut off.
function fit(slide) {
  const content = slide.querySelector(".content");
  for (let percent = 100; percent >= 30; percent -= 2) {
    content.style.fontSize = percent + "%";
    const over = (side) => content["scroll" + side] > content["client" + side] + 1;
    if (!over("Height") && !over("Width")) break;
  }
}

function show(place) {
  here = Math.max(0, Math.min(place, slides.length - 1));
  slides.forEach((slide, number) => slide.classList.toggle("here", number === here));
  history.replaceState(null, "", "#" + slides[here].id);
  slides[here].focus({ preventScroll: true });
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === " " && event.target.closest("summary, a")) return; // it opens what has the focus
  if (event.key === "Home") show(0);
  else if (event.key === "End") show(slides.length - 1);
  else if (event.key in steps) show(here + (event.key === " " && event.shiftKey ? -1 : steps[event.key]));
  else return;
  event.preventDefault();
});
addEventListener("click", (event) => {
  if (event.target.closest("a, details") || !getSelection().isCollapsed) return;
  show(here + (event.clientX < innerWidth / 8 ? -1 : 1));
});
addEventListener("toggle", (event) => fit(event.target.closest(".slide")), true);
addEventListener("resize", () => slides.forEach(fit));
addEventListener("hashchange", () => show(asked()));

document.body.classList.add("presented");
slides.forEach(fit);
show(asked());
