/* What Django's admin leaves without a name or out of reach of the keyboard. */
const named = element => element.labels?.length || element.getAttribute("aria-label");

function repair() {
  // a table that scrolls sideways in its own box can be scrolled by keyboard
  for (const box of document.querySelectorAll(".inline-group, .results, .scrolls")) {
    if (box.scrollWidth <= box.clientWidth && getComputedStyle(box).overflowX === "visible") continue;
    const title = box.querySelector("h2, caption")?.textContent || document.querySelector("h1")?.textContent;
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    if (title) box.setAttribute("aria-label", title.trim());
  }
  // day and time of one moment: the line's label, and what stands before each field
  for (const field of document.querySelectorAll(".vDateField, .vTimeField")) {
    if (named(field)) continue;
    const line = field.closest(".form-row, td, fieldset");
    const label = line?.querySelector("label, legend")?.textContent || "";
    const before = field.previousSibling?.textContent || "";
    field.setAttribute("aria-label", `${label} ${before}`.replace(/\s+/g, " ").trim());
  }
  // a field in a table is named by the head of its column
  for (const field of document.querySelectorAll(".inline-group td :is(select, textarea, input:not([type=hidden]))")) {
    if (named(field)) continue;
    const cell = field.closest("td");
    const head = cell.closest("table")?.tHead?.rows[0]?.cells[cell.cellIndex];
    if (head) field.setAttribute("aria-label", head.textContent.trim());
  }
  // a field with a search of its own is named like the field that it stands for
  for (const box of document.querySelectorAll(".select2-container")) {
    const label = box.previousElementSibling?.labels?.[0];
    const name = label?.textContent.trim() || box.previousElementSibling?.name;
    for (const part of box.querySelectorAll("[role=combobox], [role=textbox]")) {
      part.removeAttribute("aria-labelledby");
      part.setAttribute("aria-label", name);
    }
  }
  for (const link of document.querySelectorAll("#changelist-filter a")) link.textContent.trim() || (link.textContent = "–");
}

addEventListener("load", () => {
  repair();
  new MutationObserver(repair).observe(document.body, { childList: true, subtree: true });
});
