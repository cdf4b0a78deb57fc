// The book's behaviour: figures, folds, reference cards, tables. No library but plotly.js, and no requests.
(() => {
  "use strict";
  const root = document.documentElement;
  const base = root.dataset.content_root || "./";
  const element = (name, attributes = {}, ...children) => {
    const node = Object.assign(document.createElement(name), attributes);
    node.append(...children);
    return node;
  };

  // Opened from a disk, a page can't read the others: search shows their titles without an extract.
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  }

  // ---- Light and dark -------------------------------------------------------------------------------
  function switchMode() {
    const mode = root.dataset.theme === "dark" ? "light" : "dark";
    root.dataset.theme = root.dataset.mode = mode;
    try {
      localStorage.setItem("mode", mode);
      localStorage.setItem("theme", mode);
    } catch {
      // storage is switched off: the choice holds for this page
    }
  }

  // ---- Figures --------------------------------------------------------------------------------------
  // The address of the row behind a point, as `epidemiology/frequency:F002`.
  const ADDRESS = /^[a-z_]+(\/[a-z_]+)?:[\w.-]+$/;
  function rowUrl(customdata) {
    const address = Array.isArray(customdata) ? customdata[0] : customdata;
    if (typeof address !== "string" || !ADDRESS.test(address)) return null;
    const [table, row] = address.split(":");
    return `${base}tables/${table.replace("/", "-")}.html#${row}`;
  }

  // Plotly's menus and sliders are drawings, which no keyboard reaches: here they are again as form controls,
  // in sight while they have the focus.
  function keyboardControls(plot, layout) {
    const box = element("div", { className: "figure-keys" });
    const add = (kind, index, steps, control, name, label) => {
      control.setAttribute("aria-label", name);
      const choose = () => {
        const step = steps[control.value];
        label(step.label);
        if (step.method !== "skip") Plotly[step.method](plot, ...structuredClone(step.args));
        Plotly.relayout(plot, { [`${kind}[${index}].active`]: Number(control.value) });
      };
      control.addEventListener("input", choose);
      control.addEventListener("focus", () => (control.value = plot.layout[kind][index].active ?? 0));
      box.append(control);
    };
    (layout.updatemenus || []).forEach((menu, index) => {
      const options = menu.buttons.map((button, value) => element("option", { value, textContent: button.label }));
      add("updatemenus", index, menu.buttons, element("select", {}, ...options), `Choice ${index + 1}`, () => {});
    });
    (layout.sliders || []).forEach((slider, index) => {
      const name = (slider.currentvalue?.prefix || `Slider ${index + 1}`).replace(/:\s*$/, "");
      const range = element("input", { type: "range", min: 0, max: slider.steps.length - 1, step: 1 });
      range.value = slider.active ?? 0;
      const label = (text) => range.setAttribute("aria-valuetext", text);
      label(slider.steps[range.value].label);
      add("sliders", index, slider.steps, range, name, label);
    });
    if (box.children.length) plot.after(box);
  }

  // A figure's title, axis title and key are broken for a phone: where there is room, in fewer lines.
  function widen(layout, width) {
    const entries = (layout.updatemenus || []).flatMap((menu) => menu.buttons);
    if (width < 600 || entries.some((entry) => entry.args?.some((one) => one && "height" in one))) return layout;
    const pen = document.createElement("canvas").getContext("2d");
    const fits = (words, font) => {
      pen.font = `${font} ${layout.font?.family ?? "sans-serif"}`;
      return pen.measureText(words.replace(/<[^>]*>/g, "")).width < width - 30;
    };
    const rewrap = (text) => {
      const lines = [""];
      for (const word of text.replaceAll("-<br>", "-").replaceAll("<br>", " ").split(" ")) {
        const longer = `${lines.at(-1)} ${word}`.trim();
        if (fits(longer, "12px")) lines[lines.length - 1] = longer;
        else lines.push(word);
      }
      return lines.join("<br>");
    };
    const count = (text) => text.split("<br>").length;
    const { margin, xaxis = {} } = layout;
    const notes = (layout.annotations || []).map((note) => ({ ...note }));
    const [title, key] = ["title", "key"].map((name) => notes.find((note) => note.name === name));
    let [above, axisLines, below] = [0, 0, 0];
    if (title) {
      const joined = title.text
        .replace(/-(<\/b><br><b>|<\/span><br><span[^>]*>)/g, "-")
        .replace(/<\/b><br><b>|<\/span><br><span[^>]*>/g, " ");
      if (joined.split("<br>").every((line) => fits(line, "bold 15px"))) {
        above = 20 * (count(title.text) - count(joined));
        Object.assign(title, { text: joined, yshift: title.yshift - above });
      }
    }
    const axis = xaxis.title?.text ? { ...xaxis.title, text: rewrap(xaxis.title.text) } : xaxis.title;
    if (axis?.text) axisLines = 17 * (count(xaxis.title.text) - count(axis.text));
    if (key) {
      const text = rewrap(key.text);
      below = 16 * (count(key.text) - count(text));
      Object.assign(key, { text, yshift: key.yshift + axisLines });
    }
    return {
      ...layout,
      annotations: notes,
      xaxis: { ...xaxis, title: axis },
      margin: { ...margin, t: margin.t - above, b: margin.b - axisLines - below },
      height: layout.height - above - axisLines - below,
    };
  }

  async function draw(figure) {
    if (figure.dataset.drawn) return;
    figure.dataset.drawn = "yes";
    const spec = window.skinmetFigures[figure.dataset.name];
    const plot = figure.querySelector(".figure-plot");
    // The page's own background shows through, so that light and dark need one drawing.
    const clear = { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
    const layout = { ...widen(spec.layout, plot.clientWidth), ...clear };
    plot.style.minHeight = `${layout.height}px`;
    delete layout.width;
    await Plotly.newPlot(plot, spec.data, layout, spec.config);
    keyboardControls(plot, layout);
    plot.on("plotly_click", (event) => {
      const url = rowUrl(event.points[0].customdata);
      if (url) window.location.href = url;
    });
    plot.on("plotly_hover", (event) => plot.classList.toggle("on-row", !!rowUrl(event.points[0].customdata)));
    plot.on("plotly_unhover", () => plot.classList.remove("on-row"));
    if (!performance.getEntriesByName("first-figure").length) performance.mark("first-figure");
  }

  function drawFigures() {
    const figures = [...document.querySelectorAll(".skinmet-figure")];
    if (!figures.length || !window.Plotly) return;
    const seen = new IntersectionObserver(
      (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
      { rootMargin: "800px 0px" },
    );
    figures.forEach((figure) => seen.observe(figure));
    // On paper every figure is drawn, as wide as the text of an A4 page.
    const plots = () => figures.map((figure) => figure.querySelector(".figure-plot"));
    window.addEventListener("beforeprint", () => {
      figures.forEach(draw);
      plots().forEach((plot) => Plotly.relayout(plot, { autosize: false, width: 640 }));
    });
    window.addEventListener("afterprint", () => {
      plots().forEach((plot) => Plotly.relayout(plot, { autosize: true, width: null }));
    });
  }

  // ---- Reference cards ------------------------------------------------------------------------------
  // Pointing at a citation, or reaching it with the keyboard, shows the whole reference beside it.
  function referenceCards() {
    const card = element("div", { id: "reference-card", className: "reference-card", hidden: true });
    card.setAttribute("role", "tooltip");
    document.body.append(card);
    let timer = 0;
    let current = null;
    const hide = () => {
      clearTimeout(timer);
      card.hidden = true;
      if (current) current.removeAttribute("aria-describedby");
      current = null;
    };
    const hideSoon = () => {
      clearTimeout(timer);
      timer = setTimeout(hide, 200);
    };
    const show = (link) => {
      const entry = document.getElementById(decodeURIComponent(link.hash.slice(1)));
      if (!entry) return;
      clearTimeout(timer);
      if (current) current.removeAttribute("aria-describedby");
      current = link;
      const copy = entry.cloneNode(true);
      copy.removeAttribute("id");
      copy.querySelectorAll("[id]").forEach((node) => node.removeAttribute("id"));
      card.replaceChildren(...copy.childNodes);
      card.hidden = false;
      link.setAttribute("aria-describedby", card.id);
      const at = link.getBoundingClientRect();
      const width = Math.min(420, root.clientWidth - 24);
      card.style.width = `${width}px`;
      card.style.left = `${Math.max(12, Math.min(at.left, root.clientWidth - width - 12)) + window.scrollX}px`;
      const below = at.bottom + card.offsetHeight + 12 < window.innerHeight;
      card.style.top = `${(below ? at.bottom + 6 : at.top - card.offsetHeight - 6) + window.scrollY}px`;
    };
    const links = 'article a[href^="#ref-"]';
    document.querySelectorAll(links).forEach((link) => {
      link.addEventListener("mouseenter", () => show(link));
      link.addEventListener("focus", () => show(link));
      link.addEventListener("mouseleave", hideSoon);
      link.addEventListener("blur", hideSoon);
    });
    card.addEventListener("mouseenter", () => clearTimeout(timer));
    card.addEventListener("mouseleave", hideSoon);
    document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  }

  // ---- Tables ---------------------------------------------------------------------------------------
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  // Shows the items that hold every word typed; `extra` may refuse more.
  function filter(items, input, count, noun, extra = () => true) {
    const texts = new Map(items.map((item) => [item, plain(item.textContent)]));
    const apply = () => {
      const words = plain(input.value).split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const item of items) {
        const fits = words.every((word) => texts.get(item).includes(word)) && extra(item);
        item.hidden = !fits;
        shown += fits;
      }
      count.textContent = shown === items.length ? "" : `${shown} of ${items.length} ${noun}`;
    };
    input.addEventListener("input", apply);
    return apply;
  }

  function sortable(table) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const key = (row, column) => row.cells[column].textContent.trim();
    heads.forEach((head, column) => {
      const button = head.querySelector("button");
      if (!button) return;
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        const rows = [...body.rows];
        const numeric = rows.some((row) => row.cells[column].classList.contains("number"));
        rows.sort((a, b) => {
          const [x, y] = [key(a, column), key(b, column)];
          if (!x || !y) return !x - !y; // empty cells stay at the end, whichever way
          const order = numeric ? x - y : x.localeCompare(y, "en", { numeric: true });
          return down ? -order : order;
        });
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        body.append(...rows);
      });
    });
  }

  // The row an address leads to, as a card that reads from top to bottom.
  function showRecord(table) {
    document.querySelector(".record")?.remove();
    const row = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!row || row.parentNode !== table.tBodies[0]) return;
    const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    const list = element("dl");
    [...row.cells].slice(1).forEach((cell, index) => {
      if (!cell.textContent.trim()) return;
      const value = element("dd");
      value.append(...cell.cloneNode(true).childNodes);
      value.querySelectorAll("details").forEach((fold) => (fold.open = true));
      list.append(element("div", {}, element("dt", { textContent: names[index + 1] }), value));
    });
    const title = element("h2", { textContent: `Row ${row.id}` });
    const close = element("button", { type: "button", className: "record-close", textContent: "Close" });
    close.addEventListener("click", () => {
      history.replaceState(null, "", location.pathname + location.search);
      document.querySelector(".record").remove();
      row.classList.remove("current");
      row.querySelector("a").focus();
    });
    const card = element("section", { className: "record", tabIndex: -1 }, title, close, list);
    card.setAttribute("aria-label", `Row ${row.id}`);
    document.querySelector(".table-tools").before(card);
    table.querySelectorAll("tr.current").forEach((other) => other.classList.remove("current"));
    row.classList.add("current");
    const box = table.parentNode;
    box.scrollTop = row.offsetTop - table.tHead.offsetHeight;
    card.scrollIntoView({ block: "start" });
    card.focus({ preventScroll: true });
  }

  // On a narrow screen a table that does not fit becomes cards; the style sheet says how.
  const narrow = window.matchMedia("(width <= 600px)");
  function tablesAsCards() {
    for (const table of document.querySelectorAll(".skinmet-table")) {
      table.classList.remove("cards");
      const box = table.parentNode;
      if (!narrow.matches || !table.tHead || box.scrollWidth <= box.clientWidth) continue;
      const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
      for (const row of table.tBodies[0].rows)
        [...row.cells].forEach((cell, column) => {
          if (cell.dataset.label) return;
          cell.dataset.label = names[column];
          cell.classList.toggle("blank", !cell.textContent.trim());
          const all = element("div"); // one box, whatever the cell holds, beside the label
          all.append(...cell.childNodes);
          cell.append(all);
        });
      table.classList.add("cards");
    }
  }

  // A long text would be pressed into a column of single words: such cells keep a width of their own.
  function widenTexts() {
    const cells = [...document.querySelectorAll(".skinmet-table:not(.evidence-table) td")];
    cells.filter((cell) => cell.textContent.length > 60).forEach((cell) => cell.classList.add("long"));
  }

  // What scrolls sideways can be scrolled by keyboard too.
  function reachScrolling() {
    const boxes = [...document.querySelectorAll("article pre")];
    boxes.forEach((box) => (box.scrollWidth > box.clientWidth ? (box.tabIndex = 0) : box.removeAttribute("tabindex")));
  }

  function evidenceTable(table) {
    sortable(table);
    const rows = [...table.tBodies[0].rows];
    filter(rows, document.querySelector(".table-search"), document.querySelector(".table-count"), "rows");
    window.addEventListener("hashchange", () => showRecord(table));
    // The browser scrolls to the row by itself until all is loaded: the card comes after.
    if (document.readyState === "complete") showRecord(table);
    else window.addEventListener("load", () => setTimeout(showRecord, 0, table));
  }

  function bibliography(list) {
    const choice = document.querySelector(".list-filter");
    const allowed = (item) => !choice.value || item.dataset.status === choice.value;
    const count = document.querySelector(".table-count");
    const search = document.querySelector(".list-search");
    const apply = filter([...list.children], search, count, "references", allowed);
    choice.addEventListener("change", apply);
  }

  // ---- Start ----------------------------------------------------------------------------------------
  function start() {
    document.querySelectorAll(".mode-switch").forEach((button) => button.addEventListener("click", switchMode));
    widenTexts();
    tablesAsCards();
    narrow.addEventListener("change", tablesAsCards);
    document.querySelectorAll(".evidence-table").forEach(evidenceTable);
    document.querySelectorAll(".table-tools ~ .bibliography").forEach(bibliography);
    if (document.querySelector('article a[href^="#ref-"]')) referenceCards();
    drawFigures();
    reachScrolling();
    window.addEventListener("resize", reachScrolling);
    // a fold that opens
    document.addEventListener("toggle", () => (reachScrolling(), tablesAsCards()), true);
  }
  // Deferred scripts keep their order only among themselves: wait until all of them have run.
  if (document.readyState === "complete") start();
  else document.addEventListener("DOMContentLoaded", start);
})();
