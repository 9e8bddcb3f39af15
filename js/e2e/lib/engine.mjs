/** A Redis by which several servers act as one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { until } from './wait.mjs';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const isListening = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

/** Starts one on a free port; `cargo xtask test` installs it. */
export async function startEngine() {
  const port = await freePort();
  const parameters = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--dir', tmpdir()];
  const child = spawn('redis-server', parameters, { stdio: 'ignore' });
  let failure;
  child.on('error', (error) => {
    failure = error;
  });
  const end = () => child.kill('SIGKILL');
  process.on('exit', end);
  await until('redis-server listens', () => {
    if (failure) throw new Error(`install redis-server: ${failure.message}`);
    return isListening(port);
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    close() {
      process.off('exit', end);
      end();
    },
  };
}
