"""A headless Chromium and what to ask of a page in it."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


@contextmanager
def browser(executable: str) -> Iterator[Browser]:
    """A browser of its own process, closed at the end."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=_FLAGS)
        try:
            yield running
        finally:
            running.close()


#: Pixels by which the page is wider than the window, and elements that stick out.
OVERFLOW = """
() => {
  const root = document.scrollingElement;
  const wide = [];
  for (const element of document.body.querySelectorAll("*")) {
    const box = element.getBoundingClientRect();
    if (box.width > 0 && box.right > innerWidth + 1) {
      wide.push(element.tagName + ": " + element.textContent.trim().slice(0, 40));
    }
  }
  return { over: root.scrollWidth - innerWidth, wide: wide.slice(0, 5) };
}
"""

#: Texts that are too small or too faint, as they are and with every colour's lightness turned round
#: as some mail clients do: [text, pixels, contrast, contrast when turned round]. The words of a
#: picture that does not show count as text. `least`: the smallest contrasts.
HARD_TO_READ = """
() => {
  const parse = (text) => {
    const numbers = text.match(/[\\d.]+/g).map(Number);
    return { r: numbers[0], g: numbers[1], b: numbers[2], a: numbers.length > 3 ? numbers[3] : 1 };
  };
  const light = (c) => {
    const f = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * f(c.r) + 0.7152 * f(c.g) + 0.0722 * f(c.b);
  };
  // The same hue and saturation, one minus the lightness (HSL).
  const turned = (c) => {
    const shift = 255 - Math.max(c.r, c.g, c.b) - Math.min(c.r, c.g, c.b);
    return { r: c.r + shift, g: c.g + shift, b: c.b + shift };
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.a === 1) { return colour; }
      if (colour.a > 0) { throw new Error("half transparent ground"); }
    }
    return matchMedia("(prefers-color-scheme: dark)").matches
      ? { r: 18, g: 18, b: 18 } : { r: 255, g: 255, b: 255 };
  };
  const between = (one, other) => {
    const front = light(one), back = light(other);
    return (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
  };
  const bad = [];
  const least = { contrast: 21, turned: 21, size: 99 };
  let seen = 0;
  const look = (text, element) => {
    const style = getComputedStyle(element);
    const front = parse(style.color), back = ground(element);
    const contrast = between(front, back), other = between(turned(front), turned(back));
    const size = parseFloat(style.fontSize);
    seen += 1;
    least.contrast = Math.min(least.contrast, contrast);
    least.turned = Math.min(least.turned, other);
    least.size = Math.min(least.size, size);
    if (size < 14 || contrast < 4.5) { bad.push([text.slice(0, 40), size, contrast, other]); }
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || ["SCRIPT", "STYLE", "OPTION"].includes(element.tagName)) { continue; }
    if (element.checkVisibility()) { look(text, element); }
  }
  for (const picture of document.images) {
    if (!picture.naturalWidth) { look(picture.alt, picture); }
  }
  return { seen, bad: bad.slice(0, 5), least };
}
"""
