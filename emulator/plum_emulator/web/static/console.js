// The console's script: live regions, and the keyboard. Everything works without it, by forms and links.
"use strict";

(() => {
  let stream = null;
  let listening = "";

  const wanted = () => {
    const page = document.getElementById("page");
    const specs = [...document.querySelectorAll("[data-live]")].map((region) => region.dataset.live);
    if (!page || !page.dataset.liveUrl || specs.length === 0 || document.hidden) return "";
    const url = new URL(page.dataset.liveUrl, location.href);
    for (const spec of [...new Set(specs)].sort()) url.searchParams.append("region", spec);
    return url.href;
  };

  // A browser keeps few connections to one host: a page that nobody sees gives its own back.
  const listen = () => {
    const url = wanted();
    if (url === listening) return;
    if (stream) stream.close();
    stream = null;
    listening = url;
    document.documentElement.classList.toggle("is-live", false);
    if (!url) return;
    stream = new EventSource(url);
    stream.addEventListener("open", () => {
      document.documentElement.classList.toggle("is-live", true);
      if (said === LOST) say("");
    });
    stream.addEventListener("error", () => {
      document.documentElement.classList.toggle("is-live", false);
      say(stream.readyState === EventSource.CLOSED ? REFUSED : LOST);
    });
    stream.addEventListener("gone", () => {
      say("This account has ended. Choose another at the top, or open the first page.");
      stream.close();
    });
    stream.addEventListener("region", (event) => {
      const { region, html, made } = JSON.parse(event.data);
      for (const place of document.querySelectorAll("[data-live]")) {
        if (place.dataset.live === region) show(place, html, made);
      }
    });
  };

  // What only the browser knows is said where the emulator says the rest.
  const LOST = "The emulator does not answer. When it is there again, this page goes on by itself.";
  const NOT_SENT = "No answer came. See whether it arrived, or send it again.";
  const REFUSED = "This page is not kept up to date any more. Load it again to see why.";
  let said = "";
  const say = (words) => {
    const notice = document.getElementById("notice");
    if (!notice) return;
    said = words;
    notice.className = words ? "notice" : "";
    notice.replaceChildren(words);
  };

  // Nothing is taken from under somebody's hands: a region that is typed in, or whose form waits for its answer, is
  // brought up to date when that is over.
  const putOff = new Map();
  const inUse = (place) =>
    place.querySelector(".htmx-request") ||
    (place.contains(document.activeElement) && document.activeElement.matches("input, select, textarea"));

  // What was made first and comes last, in an answer that was slow, takes nothing back. Of two emulators, one after the
  // other at the same address, neither is older.
  const isOlder = (made, than) => {
    const [[run, number], [otherRun, otherNumber]] = [made.split("."), than.split(".")];
    return run === otherRun && Number(number) < Number(otherNumber);
  };

  const show = (place, html, made) => {
    if (isOlder(made, place.dataset.made)) return;
    if (inUse(place)) {
      putOff.set(place, [html, made]);
      return;
    }
    place.dataset.made = made;
    const screen = place.closest("[data-bottom]");
    const read = screen && !atBottom(screen) && firstSeen(screen);
    const stood = read && read.getBoundingClientRect().top;
    Idiomorph.morph(place, html, { morphStyle: "innerHTML" });
    htmx.process(place);
    if (read && read.isConnected) screen.scrollTop += read.getBoundingClientRect().top - stood;
  };

  const showPutOff = () => {
    for (const [place, [html, made]] of [...putOff]) {
      putOff.delete(place);
      if (place.isConnected) show(place, html, made);
    }
  };

  // A screen counts from its end, where it begins, upwards into the negative. Who reads further up is not moved.
  const atBottom = (screen) => screen.scrollTop > -40;
  const firstSeen = (screen) => {
    const { top } = screen.getBoundingClientRect();
    return [...screen.querySelectorAll(".bubble")].find((bubble) => bubble.getBoundingClientRect().bottom > top);
  };

  const copy = async (button) => {
    const text = document.getElementById(button.dataset.copy).textContent;
    button.dataset.words ||= button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
      button.textContent = "Selected: copy it with your keyboard";
    }
    setTimeout(() => { button.textContent = button.dataset.words; }, 2000);
  };

  // A field that somebody has changed and not sent is left as it is, whatever else the page becomes.
  let answered = null;
  const isChanged = (field) => {
    if (field.matches("select")) {
      const usual = [...field.options].findIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(usual, 0);
    }
    return field.matches("[type=checkbox]") ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  };
  const isDraft = (field) =>
    field.matches && field.matches("input:not([type=hidden]), select, textarea") && isChanged(field) &&
    (field.matches("[data-enter]") || !answered || field.form !== answered);
  // What somebody has opened stays open, until the form in it has done what it was opened for.
  const isOpened = (name, node) => name === "open" && node.matches("details") && !(answered && node.contains(answered));

  const isNewer = (before, after) =>
    before.dataset && before.dataset.made && before.dataset.live === after.dataset.live &&
    isOlder(after.dataset.made, before.dataset.made);

  const begin = () => {
    Idiomorph.defaults.callbacks.beforeNodeMorphed = (before, after) => !isDraft(before) && !isNewer(before, after);
    Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !isOpened(name, node);
    listen();
  };

  document.addEventListener("visibilitychange", listen);
  window.addEventListener("pagehide", () => { if (stream) stream.close(); stream = null; listening = ""; });
  window.addEventListener("pageshow", listen);
  document.addEventListener("htmx:afterSettle", (event) => {
    listen();
    if (answered && document.activeElement === document.body) goOn();
    const phone = answered && event.target.closest && event.target.closest(".phone");
    answered = null;
    if (phone) phone.querySelectorAll("[data-bottom]").forEach((screen) => { screen.scrollTop = 0; });
  });
  // Where somebody goes on whose button has gone: to the new phone, to what came of it, to the row that took its
  // place, or else to the page's heading.
  const goOn = () => {
    const added = new URL(location.href).searchParams.get("phone");
    const row = pressed && document.querySelectorAll(`#${pressed.table} tbody tr`)[pressed.row];
    const next = document.getElementById(`body-${added}`) || document.querySelector("[data-came]") ||
      (row && row.querySelectorAll("button")[pressed.button]) || document.querySelector("main h1");
    if (!next) return;
    if (!next.matches("button, a, textarea")) next.tabIndex = -1;
    next.focus({ preventScroll: !next.matches("[data-came]") });
  };
  let pressed = null;
  document.addEventListener("submit", (event) => {
    const row = (event.submitter || event.target).closest("tr");
    const table = row && row.closest("[data-live]");
    const place = (all, one) => [...all].indexOf(one);
    pressed = table ? {
      table: table.id,
      row: place(row.parentElement.children, row),
      button: place(row.querySelectorAll("button"), event.submitter),
    } : null;
  }, true);
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { elt, parameters } = event.detail.requestConfig;
    if (event.detail.xhr.status < 400 && elt.tagName === "FORM") {
      say("");
      answered = elt;
      const box = elt.querySelector("[data-enter]");
      // What was typed since it was sent stays.
      if (box && box.value.startsWith(parameters.body)) box.value = box.value.slice(parameters.body.length);
    }
    // The count of words that were sent or changed meanwhile.
    if (elt.matches("[data-enter]") && parameters.body !== elt.value) event.detail.shouldSwap = false;
    // A form that was replaced while it waited has lost what it inherits, and its answer would not find its place.
    if (elt.isConnected) return;
    for (const name of ["hx-ext", "hx-swap", "hx-select"]) {
      if (!elt.hasAttribute(name)) elt.setAttribute(name, document.body.getAttribute(name));
    }
  });
  document.addEventListener("htmx:sendError", () => {
    say(stream && stream.readyState === EventSource.OPEN ? NOT_SENT : LOST);
  });
  document.addEventListener("htmx:afterRequest", () => setTimeout(showPutOff));
  document.addEventListener("focusout", () => setTimeout(showPutOff));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.matches("[data-enter]")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });
  // With the keyboard one goes through the choices first, and leaves the box or presses Enter.
  const choose = (event) => {
    const box = event.target;
    if (!box.matches || !box.matches("[data-submit]")) return;
    if (event.type === "keydown") {
      if (event.key === "Enter" && box.dataset.chosen) box.form.requestSubmit();
      else box.dataset.keys = "1";
    } else if (event.type === "change") {
      box.dataset.chosen = "1";
      if (!box.dataset.keys) box.form.requestSubmit();
    } else if (box.dataset.chosen && box.dataset.keys) {
      box.form.requestSubmit();
    }
  };
  for (const kind of ["keydown", "change", "focusout"]) document.addEventListener(kind, choose);
  document.addEventListener("click", (event) => {
    // The second half of a double click would add another.
    if (event.detail > 1 && event.target.closest("form[data-once] button")) event.preventDefault();
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
