// Sets light or dark before the page is drawn, from the reader's last choice or the system's setting.
(() => {
  const root = document.documentElement;
  let mode = null;
  try {
    mode = localStorage.getItem("mode");
  } catch {
    // storage is switched off: follow the system
  }
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.mode = mode || "auto";
  root.dataset.theme = mode === "dark" || mode === "light" ? mode : dark ? "dark" : "light";
})();
