"""What everybody needs of a page, measured in the page: contrast, names, width."""

from __future__ import annotations

from playwright.sync_api import Page

_FAINT = """(selector) => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let n = node; n; n = n.parentElement) {
      const color = parse(getComputedStyle(n).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll(selector)].filter(node => node.offsetParent).map(node => {
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), node.className || node.id || node.tagName];
  }).filter(([ratio]) => ratio < 4.5);
}"""

_NAMELESS = """() => [...document.querySelectorAll(
    '.gradio-container :is(button, input, textarea, select, a, [role=button])')]
  .filter(node => node.offsetParent && node.tabIndex >= 0 && node.type !== 'file')
  .filter(node => !(node.innerText || node.ariaLabel || node.labels?.length || node.title))
  .map(node => node.outerHTML.slice(0, 120))"""

_STICKING_OUT = """(width) => [document.documentElement, ...document.querySelectorAll('.gradio-container *')]
  .filter(node => {
    const box = node.getBoundingClientRect();
    const placed = getComputedStyle(node).position !== 'absolute';
    const wide = node === document.documentElement && node.scrollWidth > width;
    return wide || (box.width > 1 && box.height > 1 && box.right > width + 1 && placed);
  }).map(node => node.className)"""


def faint(page: Page, selector: str) -> list[tuple[float, str]]:
    """Contrast ratio and class of each element whose text has less than 4.5 to 1."""
    return page.evaluate(_FAINT, selector)


def nameless(page: Page) -> list[str]:
    """The controls in sight that a screen reader could not name."""
    return page.evaluate(_NAMELESS)


def sticking_out(page: Page, width: int) -> list[str]:
    """Classes of the elements that reach beyond `width` pixels."""
    return page.evaluate(_STICKING_OUT, width)
