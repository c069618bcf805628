"""What a page of any type must be for everybody who reads it, each as a function that returns what is wrong in words.

They share one loaded page: what changes its width or colours puts back nothing, so each sets what it needs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AXE = Axe().axe_script
# Off unless asked for, as it is newer than the other rules: WCAG 2.2, 2.5.8.
RULES = {"target-size": {"enabled": True}}
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
WIDTHS = (360, 768, 1280, 1920)
ZOOMED = {"width": 320, "height": 256}  # a window of 1280 x 1024 at 400 %
MOST_SHIFT = 0.01

# Runs before anything of the page does.
WATCH_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) {
            const moved = entry.sources.map(source => source.node?.outerHTML?.slice(0, 90) ?? String(source.node));
            window.shifts.push([entry.value, moved]);
        }
    }).observe({ type: "layout-shift", buffered: true });
"""
SETTLE = """async () => {
    await document.fonts.ready;
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# What stands wider than the window, for the message; a part that scrolls by itself may hold something wide.
WIDE = """() => [...document.body.querySelectorAll("*")]
    .filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(each => each.outerHTML.slice(0, 90)).slice(0, 3)"""
# With every panel open: what a reader opens is there too, and where there is room it may stand open by itself.
WORDS = """() => {
    for (const each of document.querySelectorAll("main details:not([name])")) each.open = true;
    return [...document.querySelectorAll("main")].flatMap(each => each.innerText.match(/\\S+/g) ?? []);
}"""
CUT_OFF = """() => [...document.body.querySelectorAll("*")].filter(each => {
    const style = getComputedStyle(each);
    const hides = ["hidden", "clip"];
    const box = each.getBoundingClientRect();
    return each.innerText?.trim() && box.width > 1 && box.height > 1 && style.clipPath === "none"
        && ((hides.includes(style.overflowX) && each.scrollWidth > each.clientWidth + 1)
            || (hides.includes(style.overflowY) && each.scrollHeight > each.clientHeight + 1));
}).map(each => each.outerHTML.slice(0, 90))"""
# WCAG 2.2, 1.4.12. A sheet that a script makes is not the page's own, so the policy lets it be.
SPACE_TEXT = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
        word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }`);
    document.adoptedStyleSheets = [sheet];
}"""
UNSPACE_TEXT = "() => { document.adoptedStyleSheets = []; }"
MOVING = """() => [...document.querySelectorAll("*")].filter(each => {
    const style = getComputedStyle(each);
    const lasts = times => times.split(",").some(time => parseFloat(time) > 0.011);
    return (style.animationName !== "none" && lasts(style.animationDuration)) || lasts(style.transitionDuration)
        || style.scrollBehavior === "smooth";
}).map(each => each.outerHTML.slice(0, 90))"""
# In forced colours backgrounds and shadows go; what is to be pressed or filled in has to keep a line around it.
UNSEEN_IN_FORCED_COLOURS = """() => {
    const shown = each => each.checkVisibility({ visibilityProperty: true }) && each.getClientRects().length;
    const lined = style => ["Top", "Bottom"].some(side =>
        parseFloat(style[`border${side}Width`]) > 0 && style[`border${side}Style`] !== "none"
        && style[`border${side}Color`] !== "rgba(0, 0, 0, 0)") || style.outlineStyle !== "none";
    const native = each => ["radio", "checkbox", "range", "color", "file"].includes(each.type);
    const bare = [...document.querySelectorAll("button, .button, input, select, textarea")]
        .filter(each => shown(each) && each.type !== "hidden" && !native(each) && each.innerText !== ""
            && !lined(getComputedStyle(each)) && getComputedStyle(each).textDecorationLine === "none")
        .map(each => "no line around " + each.outerHTML.slice(0, 90));
    const behind = each => {
        for (let one = each; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;
            if (colour !== "rgba(0, 0, 0, 0)") return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const holdsText = each => [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    const vanished = [...document.body.querySelectorAll("*")]
        .filter(each => shown(each) && holdsText(each) && getComputedStyle(each).color === behind(each))
        .map(each => "text vanishes in " + each.outerHTML.slice(0, 90));
    const drawn = [...document.querySelectorAll("svg *, svg")]
        .filter(each => shown(each) && getComputedStyle(each).fill === behind(each.parentElement)
            && getComputedStyle(each).stroke === "none")
        .map(each => "a sign vanishes: " + each.outerHTML.slice(0, 90));
    return [...bare, ...vanished, ...drawn];
}"""
# A field that has the focus by itself is where the Tab key would go on from.
TO_THE_TOP = """() => {
    const root = document.documentElement;
    root.tabIndex = -1;
    root.focus();
    root.removeAttribute("tabindex");
    scrollTo(0, 0);
}"""
FOCUS = """() => {
    const told = [];
    const inOrder = [];
    const wanted = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex], audio[controls]";
    for (const each of document.querySelectorAll(wanted)) {
        if (each.disabled || each.tabIndex < 0 || !each.checkVisibility({ visibilityProperty: true })) continue;
        if (each.tabIndex > 0) told.push("its own place in the order: " + each.outerHTML.slice(0, 90));
        each.focus();
        if (document.activeElement !== each) continue;
        const box = each.getBoundingClientRect();
        let seen = false;  // a card draws the line around itself, since all of it is the link
        for (let one = each; one && one !== document.body && !seen; one = one.parentElement) {
            const style = getComputedStyle(one);
            seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
        }
        if (!each.matches(":focus-visible") || !seen) told.push("focus is not seen on " + each.outerHTML.slice(0, 90));
        if (box.width < 2 || box.height < 2) told.push("no room for the focus of " + each.outerHTML.slice(0, 90));
        const place = { each, top: box.top + scrollY, left: box.left, bottom: box.bottom + scrollY, right: box.right };
        if (getComputedStyle(each).position !== "fixed" && !each.matches(".skip-link")) inOrder.push(place);
    }
    const sign = getComputedStyle(document.documentElement).direction === "rtl" ? -1 : 1;
    const start = place => sign === 1 ? place.left : -place.right;
    const end = place => sign === 1 ? place.right : -place.left;
    for (let index = 1; index < inOrder.length; index++) {
        const [before, after] = [inOrder[index - 1], inOrder[index]];
        if (after.bottom <= before.top && end(after) <= start(before))
            told.push("focus goes back to " + after.each.outerHTML.slice(0, 90));
    }
    return told;
}"""


def settle(page: Page) -> None:
    page.evaluate(SETTLE)


def resize(page: Page, width: int) -> None:
    if page.viewport_size != (size := {"width": width, "height": 900}):
        page.set_viewport_size(size)


def shifts(page: Page) -> list[str]:
    """What moved while the page came in. Only right after it was loaded with nothing of it in the browser's cache."""
    moved: list[tuple[float, list[str]]] = page.evaluate("window.shifts")
    return [f"moves by {value:.3f}: {nodes}" for value, nodes in moved if sum(each for each, _ in moved) > MOST_SHIFT]


def hindrances(page: Page, *, only_colours: bool = False) -> list[str]:
    """What axe finds, of any weight. Rules about colours are all that another scheme can change."""
    options: dict[str, Any] = {"resultTypes": ["violations"], "rules": RULES}
    if only_colours:
        options = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": COLOUR_RULES}}
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(f"axe.run({json.dumps(options)}).then(results => results.violations)")
    return [f"{each['id']}: {node['html'][:120]} {node['failureSummary']}" for each in found for node in each["nodes"]]


def overflow(page: Page) -> list[str]:
    wide = page.evaluate(OVERFLOW)
    return [f"scrolls sideways by {wide} px: {page.evaluate(WIDE)}"] if wide > 0 else []


def overflow_at_each_width(page: Page) -> list[str]:
    told: list[str] = []
    for width in WIDTHS:
        resize(page, width)
        told += [f"at {width}: {each}" for each in overflow(page)]
    return told


def losses_when_zoomed(page: Page) -> list[str]:
    """At 400 % nothing scrolls sideways and every word is still there (WCAG 2.2, 1.4.10)."""
    resize(page, 1280)
    words = Counter(page.evaluate(WORDS))
    page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]
    lost = [f"the wide page also says {word!r}" for word in words - Counter(page.evaluate(WORDS))]
    return [f"at 400 %: {each}" for each in [*overflow(page), *lost, *cut_off(page)]]


def losses_when_spaced(page: Page) -> list[str]:
    resize(page, 360)
    page.evaluate(SPACE_TEXT)
    told = [f"with wide text: {each}" for each in [*overflow(page), *cut_off(page)]]
    page.evaluate(UNSPACE_TEXT)
    return told


def cut_off(page: Page) -> list[str]:
    return [f"cut off: {each}" for each in page.evaluate(CUT_OFF)]


def movement(page: Page) -> list[str]:
    """What would still move for somebody who asked for rest; a hundredth of a second is none."""
    return [f"moves: {each}" for each in page.evaluate(MOVING)]


def unseen_in_forced_colours(page: Page) -> list[str]:
    page.emulate_media(forced_colors="active")
    told = [f"in forced colours: {each}" for each in page.evaluate(UNSEEN_IN_FORCED_COLOURS)]
    page.emulate_media(forced_colors="none")
    return told


def focus_troubles(page: Page) -> list[str]:
    """The first stop of the Tab key is a link past the masthead, if there is one; the focus is seen at every stop, in
    the order of reading.
    """
    page.evaluate(TO_THE_TOP)
    page.keyboard.press("Tab")
    told: list[str] = []
    if page.locator("header nav").count():
        told += skip_link_troubles(page)
    if page.evaluate("document.activeElement !== document.body"):
        told += page.evaluate(FOCUS)
    return told


def skip_link_troubles(page: Page) -> list[str]:
    target = page.evaluate("document.activeElement.getAttribute('href') ?? ''")
    if not target.startswith("#") or not page.locator(target).count():
        return [f"the first stop is no link past the masthead but goes to {target!r}"]
    box = page.evaluate(
        "(({x, y, width, height}) => [x, y, width, height])(document.activeElement.getBoundingClientRect())"
    )
    is_seen = box[0] >= 0 and box[1] >= 0 and box[2] > 20 and box[3] > 20
    return [] if is_seen else [f"the link past the masthead is not seen: {box}"]


type Check = Callable[[Page], list[str]]

# In the order in which they are cheapest: all after the page's own width and colours have been looked at.
CHECKS: tuple[Check, ...] = (
    overflow_at_each_width,
    losses_when_zoomed,
    losses_when_spaced,
    movement,
    unseen_in_forced_colours,
)
