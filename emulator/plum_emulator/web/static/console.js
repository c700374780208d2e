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
    stream.addEventListener("open", () => document.documentElement.classList.toggle("is-live", true));
    stream.addEventListener("error", () => document.documentElement.classList.toggle("is-live", false));
    stream.addEventListener("region", (event) => {
      const { region, html } = JSON.parse(event.data);
      for (const place of document.querySelectorAll("[data-live]")) {
        if (place.dataset.live === region) show(place, html);
      }
    });
  };

  // Nothing is taken from under somebody's hands: a region that is typed in, or whose form waits for its answer, is
  // brought up to date when that is over.
  const putOff = new Map();
  const inUse = (place) =>
    place.querySelector(".htmx-request") ||
    (place.contains(document.activeElement) && document.activeElement.matches("input, select, textarea"));

  const show = (place, html) => {
    if (inUse(place)) {
      putOff.set(place, html);
      return;
    }
    putOff.delete(place);
    const screen = place.closest("[data-bottom]");
    const follows = screen && atBottom(screen);
    Idiomorph.morph(place, html, { morphStyle: "innerHTML" });
    htmx.process(place);
    if (follows) toBottom(screen);
  };

  const showPutOff = () => {
    for (const [place, html] of [...putOff]) {
      if (place.isConnected) show(place, html);
      else putOff.delete(place);
    }
  };

  const atBottom = (screen) => screen.scrollHeight - screen.scrollTop - screen.clientHeight < 40;
  const toBottom = (screen) => { screen.scrollTop = screen.scrollHeight; };
  const allToBottom = () => document.querySelectorAll("[data-bottom]").forEach(toBottom);

  const copy = async (button) => {
    const text = document.getElementById(button.dataset.copy).textContent;
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
      button.textContent = "Selected: copy it with your keyboard";
    }
    setTimeout(() => { button.textContent = before; }, 2000);
  };

  const begin = () => {
    allToBottom();
    listen();
  };

  document.addEventListener("visibilitychange", listen);
  window.addEventListener("pagehide", () => { if (stream) stream.close(); stream = null; listening = ""; });
  window.addEventListener("pageshow", listen);
  document.addEventListener("htmx:afterSettle", (event) => {
    listen();
    const phone = event.target.closest && event.target.closest(".phone");
    if (phone) phone.querySelectorAll("[data-bottom]").forEach(toBottom);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { elt, parameters } = event.detail.requestConfig;
    // The count of words that were sent or changed meanwhile.
    if (elt.matches("[data-enter]") && parameters.body !== elt.value) event.detail.shouldSwap = false;
    // A form that was replaced while it waited has lost what it inherits, and its answer would not find its place.
    if (elt.isConnected) return;
    for (const name of ["hx-ext", "hx-swap", "hx-select"]) {
      if (!elt.hasAttribute(name)) elt.setAttribute(name, document.body.getAttribute(name));
    }
  });
  document.addEventListener("htmx:afterRequest", () => setTimeout(showPutOff));
  document.addEventListener("focusout", () => setTimeout(showPutOff));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.matches("[data-enter]")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
