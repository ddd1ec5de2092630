// Comfort only: every page works without it. Keys, and filters that apply at once without losing one's place.
"use strict";

const isTyping = (element) => element.matches("input, select, textarea");

function move(step) {
  const links = [...document.querySelectorAll(".hit h2 a, .hit h3 a")];
  const here = links.indexOf(document.activeElement);
  const next = links[here < 0 ? (step > 0 ? 0 : links.length - 1) : here + step];
  next?.focus();
  next?.closest(".hit").scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const box = document.getElementById("q");
  if (event.key === "/" && box) {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key === "j" || event.key === "k") {
    event.preventDefault();
    move(event.key === "j" ? 1 : -1);
  }
});

// What was open stays open, and the filter that was chosen keeps the focus.
function replace(before, after) {
  const chosen = document.activeElement;
  for (const open of before.querySelectorAll("details[id][open]")) {
    after.querySelector(`#${open.id}`)?.setAttribute("open", "");
  }
  before.replaceWith(after);
  const isTwin = (other) => other.name === chosen.name && (other.type !== "checkbox" || other.value === chosen.value);
  [...after.querySelectorAll(".filters input, .filters select")].find(isTwin)?.focus();
}

// What was asked last wins, whichever answer comes first.
let asking = null;

async function apply(form) {
  asking?.abort();
  asking = new AbortController();
  const fields = [...new FormData(form)].filter(([, value]) => value !== "");
  const address = `${form.action.split("?")[0]}?${new URLSearchParams(fields)}`;
  try {
    const answer = await fetch(address, { signal: asking.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("found");
    if (!answer.ok || !found) throw new Error(answer.statusText);
    replace(document.getElementById("found"), found);
    history.replaceState(null, "", address);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
  }
}

document.addEventListener("change", (event) => {
  const form = document.getElementById("search");
  if (event.target.form === form && event.target.closest(".filters")) apply(form);
});
document.documentElement.classList.add("live");
document.documentElement.classList.toggle("framed", window.top !== window);
