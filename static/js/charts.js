// The tip of a chart's bar; the same words are its accessible name and stand in the data table.
let tip;
document.addEventListener("pointermove", (event) => {
  const mark = event.target.closest?.("[data-tip]");
  if (!mark) {
    tip?.remove();
    tip = null;
    return;
  }
  tip ??= document.body.appendChild(Object.assign(document.createElement("div"), { className: "tip" }));
  tip.setAttribute("role", "presentation");
  tip.textContent = mark.dataset.tip;
  tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${event.clientY + 14}px`;
});
