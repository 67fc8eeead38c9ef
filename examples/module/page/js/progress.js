// A run under way: how far it is, and a way to stop it.

import { h, replace, say } from './dom.js';
import { bytes } from './format.js';

/** Progress shows itself once a run has lasted a moment. */
export class Progress {
  constructor(place, behind, onstop) {
    Object.assign(this, { place, behind });
    this.started = performance.now();
    this.bar = h('progress', { 'aria-label': 'Transfer' });
    this.text = h('span', { class: 'progress-text' }, 'Waiting for the server…');
    this.stopButton = h(
      'button',
      {
        type: 'button',
        id: 'stop',
        onclick: () => {
          this.stopButton.disabled = true;
          onstop();
        },
      },
      'Stop',
    );
    this.timer = setTimeout(() => {
      replace(place, h('div', { class: 'progress panel' }, this.bar, this.text, this.stopButton));
      behind.hidden = true; // what an earlier run said
      say('Running');
    }, 250);
  }

  /** update takes what the server says: upload, bytes, total (-1: unknown). */
  update({ upload, bytes: passed, total }) {
    const seconds = (performance.now() - this.started) / 1000;
    const known = total > 0;
    if (known) {
      this.bar.max = total;
      this.bar.value = passed;
    } else {
      this.bar.removeAttribute('value');
    }
    const speed = seconds > 0.5 ? `, ${bytes(passed / seconds)}/s` : '';
    this.text.textContent = `${upload ? 'Sent' : 'Received'} ${bytes(passed)}${known ? ` of ${bytes(total)}` : ''}${speed}`;
  }

  end() {
    clearTimeout(this.timer);
    replace(this.place);
    this.behind.hidden = false;
  }
}
