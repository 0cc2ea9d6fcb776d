"use strict";
(() => {
  // Dialogs in the place of a page that asks; without scripts the page is there.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog) { event.preventDefault(); dialog.showModal(); }
      return;
    }
    if (event.target.closest("[data-close]")) { event.target.closest("dialog").close(); }
  });

  // Options that differ from those of the job a form was made from.
  const value = (field) => {
    const boxes = [...field.querySelectorAll("input[type=checkbox]")];
    if (boxes.length) { return boxes.filter((box) => box.checked).map((box) => box.value).join(","); }
    return field.querySelector("input, select").value.trim();
  };
  const mark = (field) => {
    const changed = value(field) !== field.dataset.before;
    field.classList.toggle("changed", changed);
    field.querySelector("[data-was]").hidden = !changed;
  };
  document.addEventListener("input", (event) => {
    const field = event.target.closest("[data-before]");
    if (field) { mark(field); }
  });
  // Going back brings what was written, without telling.
  window.addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("[data-before]")) { mark(field); }
  });

  // The search as it goes on: the rows of the picture are exchanged, the picture stays.
  let view = null;
  let asking = false;
  const figure = () => document.getElementById("gap");
  const feed = async () => {
    const chart = figure();
    const now = document.getElementById("now");
    if (!chart || !now || asking) { return; }
    asking = true;
    try {
      const answer = await fetch(`/jobs/${now.dataset.job}/points.json`, { headers: { Accept: "application/json" } });
      if (!answer.ok) { return; }
      const { name, rows, words } = await answer.json();
      chart.querySelector(".summary").textContent = words;
      if (!rows.length || !chart.dataset.drawn) { return; }
      if (!view) { await window.workbench.draw(chart); return; }
      const changed = window.vega.changeset().remove(() => true).insert(rows);
      await view.change(name, changed).runAsync();
    } catch {
      // The next change asks again.
    } finally {
      asking = false;
    }
  };
  document.addEventListener("drawn", (event) => {
    if (event.target.id !== "gap") { return; }
    const drawn = event.detail.view;
    view = Object.hasOwn(drawn.getState({ data: () => true }).data || {}, "progress") ? drawn : null;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "now") { feed(); }
  });

  // The log is looked at from its end, unless somebody reads further up.
  let low = true;
  const log = () => document.getElementById("log");
  const down = () => { const place = log(); if (place && low) { place.scrollTop = place.scrollHeight; } };
  document.addEventListener("scroll", (event) => {
    if (event.target.id === "log") {
      const place = event.target;
      low = place.scrollHeight - place.scrollTop - place.clientHeight < 24;
    }
  }, true);
  document.addEventListener("htmx:afterSettle", down);
  down();
})();
