"use strict";
(() => {
  // Tables of any length: only the rows in sight are in the page, the others are fetched as they are scrolled to.
  const BLOCK = 100;
  const AROUND = 20;

  const virtual = (box) => {
    const table = box.querySelector("table");
    const body = table?.tBodies[0];
    const filter = document.querySelector("[data-filter]");
    if (!body || !table.tHead) { return; }
    const heads = [...table.tHead.rows[0].cells];
    const right = heads.map((head) => head.classList.contains("n"));
    let matching = Number(box.dataset.matching);
    let words = filter ? filter.elements.q.value : "";
    let height = 0;
    let shown = [-1, -1];
    let turn = 0;
    let blocks = new Map();
    const begin = Number(box.dataset.first);

    const line = (cells, index) => {
      const row = document.createElement("tr");
      row.setAttribute("aria-rowindex", String(index + 2));
      heads.forEach((_, at) => {
        const cell = document.createElement(at === 0 ? "th" : "td");
        if (at === 0) { cell.scope = "row"; }
        if (right[at]) { cell.className = "n"; }
        const text = cells ? cells[at] || "" : at === 0 ? "…" : "";
        cell.textContent = text;
        if (text.length > 30) { cell.title = text; }
        row.append(cell);
      });
      return row;
    };
    const space = (count) => {
      const row = document.createElement("tr");
      row.className = "space";
      row.setAttribute("aria-hidden", "true");
      const cell = document.createElement("td");
      cell.colSpan = heads.length;
      cell.style.height = `${count * height}px`;
      row.append(cell);
      return row;
    };
    const fetched = (number) => {
      if (!blocks.has(number)) {
        const mine = turn;
        const query = `&first=${number * BLOCK}&count=${BLOCK}&q=${encodeURIComponent(words)}`;
        blocks.set(number, null);
        fetch(box.dataset.rows + query, { headers: { Accept: "application/json" } })
          .then((answer) => { if (!answer.ok) { throw new Error(String(answer.status)); } return answer.json(); })
          .then((part) => {
            if (mine !== turn) { return; }
            blocks.set(number, part.rows);
            told(part);
            draw(true);
          })
          .catch(() => {
            if (mine !== turn) { return; }
            blocks.delete(number);
            window.workbench.tell("Rows cannot be fetched.", "Scroll again to try once more.");
          });
      }
      return blocks.get(number);
    };
    const told = (part) => {
      if (part.matching !== matching) { matching = part.matching; }
      table.setAttribute("aria-rowcount", String(matching + 1));
      const count = document.querySelector("[data-count]");
      const all = part.total.toLocaleString("en");
      const unit = part.total === 1 ? "row" : "rows";
      const text = words ? `${matching.toLocaleString("en")} of ${all} ${unit}` : `${all} ${unit}`;
      if (count && count.textContent !== text) { count.textContent = text; }
    };
    const draw = (again = false) => {
      const first = Math.max(0, Math.floor(box.scrollTop / height) - AROUND);
      const last = Math.min(matching, Math.ceil((box.scrollTop + box.clientHeight) / height) + AROUND);
      if (!again && first === shown[0] && last === shown[1]) { return; }
      shown = [first, last];
      for (let number = Math.floor(first / BLOCK); number * BLOCK < last; number += 1) { fetched(number); }
      const rows = [space(first)];
      for (let index = first; index < last; index += 1) {
        const block = blocks.get(Math.floor(index / BLOCK));
        rows.push(line(block ? block[index % BLOCK] : null, index));
      }
      rows.push(space(Math.max(0, matching - last)));
      body.replaceChildren(...rows);
      // Columns may grow as longer cells come, and never jump back.
      for (const head of heads) {
        const wide = `${head.offsetWidth}px`;
        if (parseFloat(head.style.minWidth || "0") < head.offsetWidth) { head.style.minWidth = wide; }
      }
    };
    const start = () => {
      turn += 1;
      blocks = new Map();
      shown = [-1, -1];
    };

    const sample = body.rows[0];
    if (!sample) { return; }
    height = sample.getBoundingClientRect().height || 30;
    if (begin === 0) {
      const rows = [...body.rows].map((row) => [...row.cells].map((cell) => cell.textContent));
      if (rows.length === BLOCK || rows.length === matching) { blocks.set(0, rows); }
    }
    document.querySelector(".pages")?.remove();
    box.dataset.on = "yes";
    if (matching * height < box.clientHeight) { box.style.height = "auto"; }
    draw(true);
    if (begin) { box.scrollTop = begin * height; }
    let asked = false;
    box.addEventListener("scroll", () => {
      if (asked) { return; }
      asked = true;
      requestAnimationFrame(() => { asked = false; draw(); });
    }, { passive: true });
    window.addEventListener("resize", () => draw(true));
    if (!filter) { return; }
    let waiting = 0;
    const filtered = () => {
      const wanted = filter.elements.q.value.trim();
      if (wanted === words) { return; }
      words = wanted;
      const address = new URL(window.location.href);
      address.searchParams.delete("first");
      if (words) { address.searchParams.set("q", words); } else { address.searchParams.delete("q"); }
      window.history.replaceState(null, "", address);
      start();
      matching = BLOCK;
      box.scrollTop = 0;
      draw(true);
    };
    filter.elements.q.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filtered, 250); });
    filter.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(waiting); filtered(); });
  };
  for (const box of document.querySelectorAll(".virtual[data-rows]")) { virtual(box); }

  // Files: dropped anywhere on the page, or chosen; how far they are.
  const drop = document.querySelector("form[data-drop]");
  if (drop) {
    const input = drop.querySelector("input[type=file]");
    const progress = drop.querySelector("[data-progress]");
    const words = drop.querySelector("[data-progress-words]");
    let depth = 0;
    const holds = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
    document.addEventListener("dragenter", (event) => {
      if (holds(event)) { event.preventDefault(); depth += 1; drop.classList.add("over"); }
    });
    document.addEventListener("dragleave", () => {
      depth = Math.max(0, depth - 1);
      if (!depth) { drop.classList.remove("over"); }
    });
    document.addEventListener("dragover", (event) => { if (holds(event)) { event.preventDefault(); } });
    document.addEventListener("drop", (event) => {
      if (!holds(event)) { return; }
      event.preventDefault();
      depth = 0;
      drop.classList.remove("over");
      const folder = [...event.dataTransfer.items].some((item) => item.webkitGetAsEntry?.()?.isDirectory);
      if (folder) { window.workbench.tell("A folder cannot be sent as it is.", "Put it into a zip archive first."); return; }
      input.files = event.dataTransfer.files;
      drop.requestSubmit();
    });
    drop.addEventListener("htmx:beforeRequest", () => {
      progress.hidden = false;
      words.textContent = "Sending…";
    });
    drop.addEventListener("htmx:xhr:progress", (event) => {
      const { loaded, total, lengthComputable } = event.detail;
      if (!lengthComputable || !total || progress.hidden) { return; }
      const bar = progress.querySelector("progress");
      if (loaded < total) {
        bar.value = (100 * loaded) / total;
        words.textContent = `Sending… ${Math.round((100 * loaded) / total)} %`;
      } else {
        bar.removeAttribute("value");
        words.textContent = "Reading and checking…";
      }
    });
    drop.addEventListener("htmx:afterRequest", (event) => {
      if (event.detail.xhr.getResponseHeader("HX-Redirect")) { words.textContent = "Opening…"; return; }
      progress.hidden = true;
      words.textContent = "";
      input.value = "";
    });
    document.addEventListener("htmx:afterSettle", () => { document.querySelector("#sent [data-focus]")?.focus(); });
  }

  // Drafts: what is typed is kept at once, and sent once.
  const isCell = (element) => element instanceof Element && element.matches("[data-cell]");
  const before = (element) => {
    if (element.dataset.kept !== undefined) { return element.dataset.kept; }
    return element instanceof HTMLSelectElement
      ? [...element.options].find((option) => option.defaultSelected)?.value ?? element.options[0]?.value ?? ""
      : element.defaultValue;
  };
  const pending = new Map();
  let timer = 0;
  let under = Promise.resolve();
  const say = (text) => {
    const place = document.querySelector("[data-saved]");
    if (place) { place.textContent = text; }
  };
  const token = () => document.querySelector("#mend input[name=csrf]")?.value || "";
  const address = () => `${document.getElementById("draft").dataset.draft}/cells`;
  const fields = () => {
    const sent = new URLSearchParams({ csrf: token() });
    for (const [name, element] of pending) { sent.append(name, element.value); }
    return sent;
  };
  const keep = () => {
    clearTimeout(timer);
    if (!pending.size) { return under; }
    const sent = fields();
    const mine = [...pending.values()].map((element) => [element, element.value]);
    pending.clear();
    say("Saving…");
    under = under.then(() => fetch(address(), { method: "POST", body: sent, headers: { Accept: "application/json" } }))
      .then((answer) => {
        if (!answer.ok) { throw new Error(String(answer.status)); }
        for (const [element, value] of mine) { element.dataset.kept = value; }
        say("Saved, not yet checked.");
      })
      .catch(() => {
        for (const [element] of mine) { if (element.isConnected) { pending.set(element.name, element); } }
        say("Not saved yet; it is tried again with the next change.");
      });
    return under;
  };
  const typed = (element, soon) => {
    element.classList.toggle("touched", element.value !== element.defaultValue);
    if (element.value === before(element) && !pending.has(element.name)) { return; }
    pending.set(element.name, element);
    clearTimeout(timer);
    timer = setTimeout(keep, soon);
  };
  document.addEventListener("input", (event) => { if (isCell(event.target)) { typed(event.target, 700); } });
  document.addEventListener("change", (event) => { if (isCell(event.target)) { typed(event.target, 0); } });
  window.addEventListener("pagehide", () => {
    if (pending.size) { navigator.sendBeacon(address(), fields()); pending.clear(); }
  });
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-fill]") : null;
    if (!button) { return; }
    const element = document.getElementById(button.dataset.fill);
    element.value = button.dataset.value;
    element.focus();
    typed(element, 0);
  });
  const meant = () => { for (const button of document.querySelectorAll("[data-fill][hidden]")) { button.hidden = false; } };
  meant();
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.target.matches("form[data-mend]")) { return; }
    clearTimeout(timer);
    pending.clear();
    // Only what was changed is sent.
    for (const element of event.target.querySelectorAll("[data-cell]")) {
      if (element.value === before(element)) { event.detail.parameters.delete?.(element.name); delete event.detail.parameters[element.name]; }
    }
    say("Checking…");
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const draft = document.getElementById("draft");
    if (!draft || !event.detail.elt.closest?.("#draft")) { return; }
    meant();
    document.getElementById("draft-summary")?.focus({ preventScroll: true });
  });

  // Menus close when one goes elsewhere.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]:not(.wideopen)")) {
      if (!menu.contains(event.target)) { menu.open = false; }
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") { return; }
    for (const menu of document.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  });
})();
