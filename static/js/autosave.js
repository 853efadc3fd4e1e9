// Drafts save themselves: form[data-autosave="/address"]. The answer's fragments replace the elements of the
// same id (totals, due date, preview). 409: somebody else saved meanwhile; the server's comparison is shown and
// nothing more is sent until the reader has decided.
import { $, $$, icon } from "./dom.js";
import { place } from "./forms.js";
import { post } from "./requests.js";

const WAIT = 800;
const RETRY = 5000;

class Draft {
  constructor(form) {
    this.form = form;
    this.timer = 0;
    this.sending = null;
    this.dirty = false;
    this.stopped = false;
    this.refused = false;
    form.addEventListener("input", () => this.later());
    form.addEventListener("change", () => this.later());
    form.addEventListener("submit", (event) => this.beforeSubmit(event));
    addEventListener("beforeunload", (event) => (this.dirty || this.refused) && event.preventDefault());
    document.addEventListener("visibilitychange", () => document.hidden && this.dirty && this.now());
  }

  later(wait = WAIT) {
    if (this.stopped) return;
    this.dirty = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), wait);
  }

  async now() {
    clearTimeout(this.timer);
    if (this.sending) await this.sending;
    if (this.stopped || !this.dirty) return;
    this.dirty = false;
    this.sending = this.send();
    await this.sending;
    this.sending = null;
  }

  async send() {
    state("saving");
    const answer = await post(this.form.dataset.autosave, new FormData(this.form), { "HX-Request": "true" }).catch(() => null);
    if (!answer || answer.status >= 500) {
      this.dirty = true;
      state("failed");
      this.later(RETRY);
      return;
    }
    const html = await answer.text();
    if (answer.status === 409) {
      this.stopped = true;
      state("stale");
      const notice = $("#notice");
      notice.innerHTML = html;
      $("[data-focus], a, button", notice)?.focus();
      return;
    }
    const version = answer.headers.get("X-Version");
    const field = $("input[name=version]", this.form);
    if (version && field) field.value = version;
    const address = answer.headers.get("X-Location");
    // The draft has a page of its own now: a reload, or the form without scripts, goes there.
    if (address && address !== location.pathname) {
      history.replaceState(null, "", address);
      this.form.action = address;
    }
    // A fault in what was typed: it is sent again when it has changed, not before.
    this.refused = !answer.ok;
    if (answer.ok || answer.status === 422) place(html);
    if (answer.ok) this.form.dispatchEvent(new Event("draft:saved", { bubbles: true }));
    state(answer.ok ? "saved" : "refused");
  }

  /** A save under way finishes first: otherwise the two would collide over the version. */
  async beforeSubmit(event) {
    clearTimeout(this.timer);
    this.dirty = false;
    this.refused = false;
    if (!this.sending) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.submitter;
    await this.sending;
    this.sending = null;
    this.refused = false;
    this.form.requestSubmit(button);
  }
}

function state(name) {
  const mark = $("#saved");
  if (!mark) return;
  const words = Object.assign(document.createElement("span"), { textContent: mark.dataset[name] });
  mark.replaceChildren(...(name === "saved" ? [icon("circle-check"), words] : [words]));
}

for (const form of $$("form[data-autosave]")) new Draft(form);
