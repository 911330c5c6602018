/* Loaded in the head, before the first paint: the chosen colour scheme, and the word that script runs. */
(() => {
  const html = document.documentElement;
  html.classList.add('js');
  try {
    const chosen = localStorage.theme;
    if (chosen === 'light' || chosen === 'dark') html.dataset.theme = chosen;
  } catch (blocked) { /* storage is off: the system's scheme stays */ }
})();
