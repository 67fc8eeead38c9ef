// A field: its label, its help, its fault, and whether it is shown.

import { h, uid } from './dom.js';
import { isDefault, isShown } from './schema.js';
import { controls } from './controls.js';

/** drawFields draws the properties of an object, in their order. */
export function drawFields(context, properties, object, path) {
  return properties.map((property) => drawField(context, property, properties, object, path));
}

function drawField(context, { key, schema }, siblings, object, parent) {
  const ids = { control: uid('field'), help: uid('help'), fault: uid('fault') };
  const title = schema.title ?? key;
  const help = schema.description && h('p', { class: 'help', id: ids.help }, schema.description);
  const fault = h('p', { class: 'fault', id: ids.fault, hidden: true });
  const widget = context.schema.widget(schema);
  const path = parent ? `${parent}.${key}` : key;
  const control = (controls[widget] ?? controls.text)({
    context,
    schema,
    path,
    id: ids.control,
    describedBy: [schema.description && ids.help, ids.fault].filter(Boolean).join(' '),
    title,
    value: object[key],
    set(value) {
      if (isDefault(schema, value) || (Array.isArray(value) && value.length === 0)) delete object[key];
      else object[key] = value;
      field.setFault('');
      context.changed();
    },
  });
  const element = shell(widget, control, ids, title, help, fault);
  element.dataset.field = path;
  const field = {
    path,
    title,
    update() {
      const wanted = !schema['x-advanced'] || context.advanced || !isDefault(schema, object[key]);
      element.hidden = !wanted || !isShown(schema, siblings, object);
    },
    setFault(text) {
      fault.textContent = text;
      fault.hidden = !text;
      element.classList.toggle('faulty', Boolean(text));
      if (control.input) control.input.setAttribute('aria-invalid', text ? 'true' : 'false');
    },
    focus() {
      element.hidden = false;
      element.scrollIntoView({ block: 'center' });
      (control.input ?? element.querySelector('input, select, textarea, button'))?.focus({ preventScroll: true });
    },
  };
  context.fields.push(field);
  return element;
}

// A switch has its label behind it, several controls are a fieldset, and
// everything else has its label above.
function shell(widget, control, ids, title, help, fault) {
  if (widget === 'switch') {
    return h(
      'div',
      { class: 'field' },
      h(
        'label',
        { class: 'switch', for: ids.control },
        control.element,
        h('span', { class: 'track', 'aria-hidden': 'true' }),
        h('span', {}, title),
      ),
      help,
      fault,
    );
  }
  if (control.input) {
    return h('div', { class: 'field' }, h('label', { for: ids.control }, title), control.element, help, fault);
  }
  return h(
    'fieldset',
    { class: 'field', 'aria-describedby': [help && ids.help, ids.fault].filter(Boolean).join(' ') },
    h('legend', {}, title),
    help,
    control.element,
    fault,
  );
}
