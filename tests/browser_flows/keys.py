"""A person who only has a keyboard."""

from typing import Any

_FOCUS = """() => {
  const one = document.activeElement;
  return [one.name, one.id, one.getAttribute('aria-label'), one.innerText].map((text) => (text || '').trim());
}"""


def focused(page: Any) -> list[str]:
    """Name, id, label and words of what has the focus."""
    return list(page.evaluate(_FOCUS))


def tab_to(page: Any, wanted: str, *, key: str = "Tab", most: int = 80) -> None:
    """Press Tab until a control of that name, id, label or words has the focus and shows it."""
    for _ in range(most):
        page.keyboard.press(key)
        if wanted in focused(page):
            assert shows_focus(page), f"Nothing shows that {wanted} has the focus."
            return
    raise AssertionError(f"{wanted} is not reached by {most} times {key}; last was {focused(page)}")


def type_into(page: Any, wanted: str, text: str) -> None:
    """Go to a control and write over what is there."""
    tab_to(page, wanted)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def shows_focus(page: Any) -> bool:
    """Whether what has the focus looks otherwise than without it: it, or the box around it."""
    return bool(
        page.evaluate(
            """() => {
              const one = document.activeElement;
              const parts = [one, one.parentElement, one.parentElement?.parentElement].filter(Boolean);
              const look = () => parts.map((part) => {
                const style = getComputedStyle(part);
                const line = style.outlineStyle === 'none' ? '' : style.outlineWidth + style.outlineColor;
                return [line, style.boxShadow, style.borderColor, style.backgroundColor].join();
              }).join('|');
              const box = one.getBoundingClientRect();
              if (!box.width || !box.height) return false;
              const [x, y] = [scrollX, scrollY];
              const focused = look();
              one.blur();
              const plain = look();
              one.focus({ preventScroll: true, focusVisible: true });
              scrollTo(x, y);
              return focused !== plain;
            }"""
        )
    )
