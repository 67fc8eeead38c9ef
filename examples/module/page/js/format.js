// Values as people read them.

const units = ['B', 'KB', 'MB', 'GB'];

export function bytes(n) {
  let unit = 0;
  let value = n;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** millis takes milliseconds, as timings have them. */
export function millis(ms) {
  if (!ms) return '0 ms';
  if (ms < 1) return '< 1 ms';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function day(date) {
  return new Date(date).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });
}

const dayLength = 86400000;

/** validity says until when, how long that is, and whether it is a worry. */
export function validity(notAfter, notBefore, now = Date.now()) {
  const end = new Date(notAfter).getTime();
  const days = Math.floor(Math.abs(end - now) / dayLength);
  if (notBefore && new Date(notBefore).getTime() > now) return { text: `not before ${day(notBefore)}`, state: 'bad' };
  if (end < now) return { text: `ended ${day(notAfter)}`, state: 'bad' };
  return { text: `until ${day(notAfter)}, ${span(days)}`, state: days < 30 ? 'warn' : 'good' };
}

function span(days) {
  if (days >= 730) return `${Math.round(days / 365)} years`;
  if (days >= 120) return `${Math.round(days / 30.4)} months`;
  return days === 0 ? 'less than a day' : days === 1 ? '1 day' : `${days} days`;
}

/** plain is a fault's text without what stands beside it anyway: its kind and field. */
export function plain(fault) {
  const text = fault.message
    .replace(/^[a-z-]+(\([^)]*\))?: /, '')
    .replace(new RegExp(`^${(fault.field || '$').replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}: `), '');
  return sentence(text);
}

export function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** rdns splits a distinguished name (RFC 4514) at its unescaped commas. */
export function rdns(dn) {
  const parts = dn.match(/(?:\\.|[^,\\])+/g) ?? [];
  return parts.map((p) => {
    const at = p.indexOf('=');
    return {
      type: p.slice(0, at).trim(),
      value: p
        .slice(at + 1)
        .replace(/\\([0-9a-fA-F]{2})/g, (m, x) => String.fromCharCode(parseInt(x, 16)))
        .replace(/\\(.)/g, '$1'),
    };
  });
}

/** nameOf is the part of a distinguished name that people use. */
export function nameOf(dn) {
  const parts = rdns(dn);
  for (const type of ['CN', 'OU', 'O']) {
    const part = parts.find((p) => p.type === type);
    if (part) return part.value;
  }
  return dn || '(no name)';
}

/** restOf is what nameOf leaves out. */
export function restOf(dn) {
  const name = nameOf(dn);
  return rdns(dn)
    .filter((p) => p.value !== name)
    .map((p) => p.value)
    .join(', ');
}

export function shorten(text, length) {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** fingerprint in groups, the way that it can be compared by eye. */
export function fingerprint(hex) {
  return (hex.match(/.{1,4}/g) ?? []).join(' ');
}

const statusTexts = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  206: 'Partial Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

export function statusText(code) {
  return statusTexts[code] ?? '';
}
