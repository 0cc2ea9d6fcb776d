"use strict";
(() => {
  // Choosing from a list shows at once what was chosen; without this script a button does.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-instant]");
    if (form && event.target.matches("select")) { form.requestSubmit(); }
  });

  // What is chosen stands in the address: who comes back finds it as the address says.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-again]")) { form.reset(); }
  });

  // The tree: arrow keys go from scenario to scenario.
  const tree = document.querySelector("[data-tree]");
  tree?.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const leaves = [...tree.querySelectorAll("a.leaf")];
    const at = leaves.indexOf(document.activeElement);
    if (!step || at < 0) { return; }
    event.preventDefault();
    leaves[(at + step + leaves.length) % leaves.length].focus();
  });

  // The replay: years come as pieces of the page, their address is that of the page.
  const replay = document.querySelector("[data-replay]");
  if (!replay) { return; }
  const place = document.getElementById("year");
  const year = () => place.querySelector("[data-year]");
  const PAUSE = 2500;
  let timer = 0;
  const playing = () => timer !== 0;
  const dress = () => {
    const button = place.querySelector("[data-play]");
    button.hidden = false;
    button.setAttribute("aria-pressed", String(playing()));
    button.textContent = playing() ? "Pause" : "Play";
    place.querySelector(".keys").hidden = false;
  };
  const stop = () => {
    window.clearTimeout(timer);
    timer = 0;
  };
  // Who presses faster than years come goes on from the year that was asked for last.
  let wanted = -1;
  const now = () => [...place.querySelectorAll(".years a")].findIndex((step) => step.hasAttribute("aria-current"));
  const go = (which) => {
    const steps = [...place.querySelectorAll(".years a")];
    const to = (wanted >= 0 ? wanted : now()) + (which === "next" ? 1 : -1);
    if (!steps[to]) { return false; }
    const asked = wanted >= 0;
    wanted = to;
    if (!asked) { steps[to].click(); }
    return true;
  };
  const next = () => {
    timer = 0;
    if (!go("next")) { dress(); return; }
    timer = window.setTimeout(next, PAUSE);
  };
  const play = () => {
    if (playing()) { stop(); } else if (year().dataset.after) { timer = window.setTimeout(next, 300); } else {
      // From the end it begins again.
      timer = window.setTimeout(next, PAUSE);
      place.querySelector(".years a").click();
    }
    dress();
  };
  place.addEventListener("click", (event) => {
    if (event.target.closest("[data-play]")) { play(); } else if (event.isTrusted && event.target.closest("a")) { stop(); wanted = -1; dress(); }
  });
  const typing = (target) => target.closest("input, select, textarea, [contenteditable], .tree, .wide, button, summary");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) { return; }
    const inside = replay.contains(event.target) || event.target === document.body || event.target.id === "main";
    if (!inside) { return; }
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      event.preventDefault();
      stop();
      if (!go(event.key === "ArrowRight" ? "next" : "prev")) { dress(); }
    } else if (event.key === " " && !event.target.closest("a")) {
      event.preventDefault();
      play();
    }
  });

  // What had the focus has it again in the new year; the chart is drawn anew in its place.
  let held = "";
  const NAMES = ['a[rel="next"]', 'a[rel="prev"]', "[data-play]", ".years a[aria-current]"];
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== place) { return; }
    const active = document.activeElement;
    held = NAMES.find((name) => place.contains(active) && active.matches(name)) || (place.contains(active) ? ".years a[aria-current]" : "");
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target !== place || wanted < 0) { return; }
    if (now() === wanted) { wanted = -1; } else { place.querySelectorAll(".years a")[wanted].click(); }
  });
  for (const lost of ["htmx:sendError", "htmx:responseError"]) { document.addEventListener(lost, () => { wanted = -1; }); }
  const figure = document.getElementById("chart-replay");
  // Of two drawings under way the one asked for last stays.
  figure.addEventListener("drawn", () => {
    if (figure.dataset.drawn !== figure.dataset.chart) { window.workbench.draw(figure); }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== place) { return; }
    dress();
    if (held) { (place.querySelector(held) || place.querySelector(".years a[aria-current]")).focus({ preventScroll: true }); }
    figure.dataset.chart = year().dataset.chartSpec;
    if (figure.dataset.drawn) { window.workbench.draw(figure); }
    document.title = document.title.replace(/^(\d[\d.]*, )?/, `${place.querySelector("h2").firstChild.textContent.trim()}, `);
  });
  dress();
})();
