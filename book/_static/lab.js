// The page of the lab: opens the notebook that a chapter asked for, or says in one line why it can't.
(async () => {
  "use strict";
  const state = document.querySelector(".lab-state");
  const open = document.querySelector(".lab-open");
  const wanted = new URLSearchParams(location.search).get("open") || "";
  // a notebook of the lab and nothing else: the address bar can hold anything
  const notebook = /^(notebooks|exercises)(\/\w[\w-]*)+\.ipynb$/.test(wanted) ? wanted : "";

  if (location.protocol === "file:") {
    state.textContent =
      "This copy of the book was opened from a disk, and the lab needs a web server: run python3 -m http.server " +
      "in the folder of the book, then open http://localhost:8000/lab.html.";
    return;
  }
  let settings;
  try {
    const answer = await fetch("lab/jupyter-lite.json");
    if (!answer.ok) throw new Error(answer.statusText);
    settings = (await answer.json())["jupyter-config-data"].litePluginSettings;
  } catch {
    state.textContent = "This copy of the book came without the lab. The command skinmet lab adds it.";
    return;
  }
  const python = settings["@jupyterlite/pyodide-kernel-extension:kernel"].pyodideUrl;
  open.href = notebook ? `lab/notebooks/index.html?path=${notebook}` : "lab/tree/index.html";
  open.hidden = false;
  const elsewhere = new URL(python, location.href).host;
  if (elsewhere !== location.host) {
    state.textContent =
      `This lab takes Python from ${elsewhere}. Without a connection notebooks open there, but do not run.`;
  }
  if (notebook && (elsewhere === location.host || navigator.onLine)) location.replace(open.href);
})();
