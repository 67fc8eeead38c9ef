// Tabs (WAI-ARIA tabs with automatic activation).

import { h, uid } from './dom.js';

let lastTitle = ''; // the tab that stays open from run to run

/** tabs draws pages of {title, content}. */
export function tabs(label, pages) {
  const list = h('div', { role: 'tablist', 'aria-label': label });
  const panels = h('div', {});
  const all = pages.map((page) => {
    const ids = { tab: uid('tab'), panel: uid('panel') };
    const tab = h(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: ids.tab,
        'aria-controls': ids.panel,
        'aria-selected': 'false',
        tabindex: '-1',
      },
      page.title,
    );
    const panel = h(
      'div',
      { role: 'tabpanel', id: ids.panel, 'aria-labelledby': ids.tab, tabindex: '0', hidden: true },
      page.content,
    );
    list.append(tab);
    panels.append(panel);
    return { ...page, tab, panel };
  });
  const show = (chosen, focus) => {
    for (const page of all) {
      const on = page === chosen;
      page.tab.setAttribute('aria-selected', String(on));
      page.tab.tabIndex = on ? 0 : -1;
      page.panel.hidden = !on;
    }
    if (focus) {
      chosen.tab.focus();
      lastTitle = chosen.title;
    }
  };
  all.forEach((page, i) => {
    page.tab.addEventListener('click', () => show(page, true));
    page.tab.addEventListener('keydown', (event) => {
      const to = {
        ArrowRight: (i + 1) % all.length,
        ArrowLeft: (i + all.length - 1) % all.length,
        Home: 0,
        End: all.length - 1,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      show(all[to], true);
    });
  });
  show(all.find((page) => page.title === lastTitle) ?? all[0], false);
  return h('section', { class: 'panel tabs' }, list, panels);
}
