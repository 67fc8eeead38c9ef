// The page: it gets the schema, draws the form, runs it, shows what came of it.

import { Refusal, get, post, run } from './api.js';
import { note, welcome } from './cases.js';
import { h, replace, say } from './dom.js';
import { extract } from './extract.js';
import { Form, faultSummary } from './form.js';
import { keychain } from './keychain.js';
import { outcome } from './outcome.js';
import { Progress } from './progress.js';
import { exportDialog, importDialog } from './transfer.js';

const at = (id) => document.getElementById(id);

class App {
  constructor(schema, cases, entries) {
    this.cases = cases;
    this.entries = entries;
    this.form = new Form(at('fields'), schema, {
      credentials: () => this.entries,
      extract: (use) => this.extract(use),
      chosen: (key, name) => this.choose(key, name),
    });
    at('advanced').addEventListener('change', () => {
      this.form.advanced = at('advanced').checked;
    });
    at('form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.run();
    });
    at('form').addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.run();
    });
    at('open-cases').addEventListener('click', () => this.welcome());
    at('open-credentials').addEventListener('click', () => keychain(this));
    at('open-import').addEventListener('click', () => this.import());
    at('open-export').addEventListener('click', () => exportDialog(this.form.document, this.lastRun));
  }

  /** changed takes the keychain's new list; a name that was changed is so in the form too. */
  changed(entries, from, to) {
    this.entries = entries;
    this.form.rename(from, to);
  }

  extract(use) {
    return extract(
      use,
      (list) => this.changed(list),
      () => this.entries.map((e) => e.name),
    );
  }

  /** use switches the form to an entry; inUse says which ones it names. */
  use(entry) {
    this.form.switchTo(entry.use, entry.name);
    say(`${entry.name} is in use`);
  }

  inUse(entry) {
    return this.form.names(entry.use).includes(entry.name);
  }

  choose(key, name) {
    this.form.object[key] = name;
    this.form.redraw();
    this.form.fieldOf(key).focus();
  }

  welcome() {
    note(at('case-note'), this.cases);
    at('progress').replaceChildren();
    welcome(at('outcome'), this.cases, (i) => this.runCase(i));
    if (document.activeElement === at('open-cases')) at('result').focus();
    if (this.started) at('result').scrollIntoView({ block: 'nearest' });
    this.started = true;
  }

  async runCase(i) {
    this.load(this.cases[i].document);
    note(at('case-note'), this.cases, i, (n) => this.runCase(n));
    await this.run();
    at('result').focus({ preventScroll: true });
    this.reveal();
  }

  load(document) {
    this.form.load(document);
    this.showFaults([]);
  }

  async import() {
    const document = await importDialog();
    if (!document) return;
    this.load(document);
    note(at('case-note'), this.cases);
    say('Imported');
  }

  showFaults(faults) {
    this.form.showFaults(faults);
    const place = at('faults');
    replace(place, faultSummary(this.form, faults));
    place.hidden = faults.length === 0;
    if (faults.length) place.focus();
  }

  // reveal shows the beginning of the result: in a narrow window it is below the
  // form, and after a card further down it is above.
  reveal() {
    const { top } = at('result').getBoundingClientRect();
    if (top < 0 || top > innerHeight * 0.7) at('result').scrollIntoView();
  }

  async run() {
    if (this.running) return;
    this.showFaults([]);
    const document = this.form.document;
    let number;
    const progress = new Progress(at('progress'), at('outcome'), () => post('api/stop', { run: number }));
    this.running = true;
    this.reveal();
    at('run').disabled = true;
    try {
      const { warnings } = await post('api/check', document);
      let result;
      await run(document, (line) => {
        if (line.run) number = line.run;
        if (line.progress) progress.update(line.progress);
        if (line.result) result = line.result;
      });
      if (!result) throw new Error('The program ended before the run did.');
      this.lastRun = number;
      outcome(at('outcome'), result, { run: number, entries: this.entries, warnings });
      say(`${at('headline').textContent}. ${result.error?.diagnosis?.advice ?? ''}`);
    } catch (error) {
      if (error instanceof Refusal) this.showFaults(error.faults);
      else replace(at('outcome'), h('p', { class: 'fault', role: 'alert' }, error.message));
    } finally {
      progress.end();
      this.running = false;
      at('run').disabled = false;
    }
  }
}

try {
  const [schema, cases, entries] = await Promise.all([get('api/schema'), get('api/cases'), get('api/credentials')]);
  new App(schema, cases, entries).welcome();
} catch (error) {
  replace(at('outcome'), h('p', { class: 'fault', role: 'alert' }, error.message));
}
