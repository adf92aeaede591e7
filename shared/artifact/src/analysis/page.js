(() => {
  const tip = document.getElementById("tip");
  // One tooltip shows the marks' titles, for touch and keys too. Without this script the browser shows them.
  for (const title of document.querySelectorAll(".m > title")) {
    title.parentNode.dataset.t = title.textContent;
    title.remove();
  }
  let at = null;
  const show = (mark, x, y) => {
    if (at) at.classList.remove("at");
    at = mark;
    tip.hidden = !mark;
    if (!mark) return;
    mark.classList.add("at");
    tip.textContent = mark.dataset.t;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x + 12, innerWidth - box.width - 4)) + "px";
    tip.style.top = (y - box.height - 10 > 0 ? y - box.height - 10 : y + 18) + "px";
  };
  const over = (event) => {
    const mark = event.target.closest ? event.target.closest(".m") : null;
    show(mark, event.clientX, event.clientY);
  };
  document.addEventListener("pointermove", over);
  document.addEventListener("pointerdown", over);
  addEventListener("scroll", () => show(null), { passive: true });
  document.addEventListener("keydown", (event) => {
    const svg = document.activeElement;
    if (event.key === "Escape") return show(null);
    if (!svg || svg.tagName !== "svg") return;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const marks = [...svg.querySelectorAll(".m")];
    const next = marks[(marks.indexOf(at) + step + marks.length) % marks.length];
    if (!next) return;
    const box = next.getBoundingClientRect();
    show(next, box.left + box.width / 2, box.top + box.height / 2);
  });
  document.addEventListener("focusout", () => show(null));
})();
