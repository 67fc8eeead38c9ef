// An HTTPS server of Node.js: asks for client certificates as its options say,
// answers 200, and prints a line for each request and each refusal.
'use strict';
const fs = require('fs');
const o = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));

const options = {
  key: o.key,
  cert: o.cert,
  minVersion: o.minVersion,
  maxVersion: o.maxVersion,
  requestCert: o.asks,
  rejectUnauthorized: o.refuses,
};
if (o.ca) options.ca = o.ca.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g);
if (o.crl) options.crl = o.crl;

function answer(request, response) {
  const socket = request.socket.encrypted ? request.socket : request.stream.session.socket;
  const given = o.asks ? socket.getPeerCertificate() : {};
  const subject = given && given.subject ? 'CN=' + given.subject.CN : '';
  const needed = o.protectedPath && request.url.startsWith(o.protectedPath);
  const refused = (needed || subject) && !socket.authorized && o.asks;
  request.on('end', () => {
    const status = refused ? 403 : 200;
    console.log(`"${request.method} ${request.url}" ${status} ${socket.getProtocol()} ` +
      `authorized=${socket.authorized} error=${socket.authorizationError || ''} subject="${subject}"`);
    response.writeHead(status, { 'Content-Type': 'text/plain' });
    response.end(refused ? 'a valid client certificate is required here\n' : 'ok\n');
  });
  request.resume();
}

const server = o.http2
  ? require('http2').createSecureServer({ ...options, allowHTTP1: true }, answer)
  : require('https').createServer(options, answer);
server.on('tlsClientError', (error) => console.log('refused: ' + error.message));
server.on('error', (error) => { console.error(error.message); process.exit(1); });
server.listen(o.port, o.host);
