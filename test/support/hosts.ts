import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { processes, type RunningProcess } from './processes.js';
import { ROOT } from './runExample.js';

/**
 * Hosts on this machine: namespaces of Linux, each with a network, a name and shared memory of its own, connected by a switch. The network of
 * the machine itself is neither used nor changed. The namespaces have no names and end with the processes in them.
 */
export interface Hosts {
  /** Starts `mpirun` on the first host. It reaches the other hosts through a script instead of ssh. */
  mpirun(mpirun: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess;
  /** Bytes that each host has sent to the others. */
  sent(): readonly number[];
  /** Unplugs a host. */
  cut(host: number): void;
  /** The processes that run on a host. */
  processes(host: number): readonly RunningProcess[];
  /** Removes the hosts. */
  close(): void;
}

const ENTER = fileURLToPath(new URL('enterHost.sh', import.meta.url));
const addressOf = (host: number): string => `10.23.0.${host + 1}`;

/** Why there can be no hosts on this machine, or undefined. */
export function whyNoHosts(): string | undefined {
  const links = 'ip link add type bridge && ip link add type veth';
  const { error, status, stderr } = spawnSync('unshare', ['--net', '--uts', '--ipc', 'sh', '-c', links], { encoding: 'utf8' });
  if (error) return 'there is no unshare';
  return status === 0 ? undefined : `no namespaces (root and iproute2 are needed): ${stderr.trim().split('\n').at(-1)!}`;
}

/** Makes hosts with the addresses 10.23.0.1, 10.23.0.2 and so on. */
export async function openHosts(count: number): Promise<Hosts> {
  const inNetwork = ({ pid }: ChildProcess, command: string): string =>
    execFileSync('nsenter', ['--target', String(pid), '--net', 'sh', '-e', '-c', command], { encoding: 'utf8' });
  const outside = await hold('switch');
  inNetwork(outside, 'ip link add switch type bridge; ip link set switch up');
  const hosts = await Promise.all(Array.from({ length: count }, (_, host) => hold(`host${host}`)));
  for (const [host, holder] of hosts.entries()) {
    const [port, address] = [`port${host}`, addressOf(host)];
    inNetwork(outside, `ip link add ${port} type veth peer name eth0 netns ${holder.pid}; ip link set ${port} master switch up`);
    inNetwork(holder, `ip link set lo up; ip address add ${address}/24 dev eth0; ip link set eth0 up`);
  }
  const networkOf = (pid: number): string => readlinkSync(`/proc/${pid}/ns/net`);
  return {
    mpirun(mpirun, args, env) {
      const enter = ['--target', String(hosts[0]!.pid), '--net', '--uts', '--ipc'];
      const at = ['-hosts', hosts.map((_, host) => addressOf(host)).join(), '-launcher', 'ssh', '-launcher-exec', ENTER];
      const pids = hosts.map(({ pid }, host) => `${addressOf(host)}=${pid}`).join(' ');
      return spawn('nsenter', [...enter, mpirun, ...at, ...args], { cwd: ROOT, env: { ...process.env, ...env, HOSTS: pids } });
    },
    sent() {
      const links = JSON.parse(inNetwork(outside, 'ip -s -j link')) as { ifname: string; stats64: { rx: { bytes: number } } }[];
      return hosts.map((_, host) => links.find(({ ifname }) => ifname === `port${host}`)!.stats64.rx.bytes);
    },
    cut(host) {
      inNetwork(outside, `ip link set port${host} down`);
    },
    processes(host) {
      const holder = hosts[host]!.pid!;
      const network = networkOf(holder);
      return processes(({ pid, args }) => args.length > 0 && networkOf(pid) === network && pid !== holder);
    },
    close() {
      for (const holder of [...hosts, outside]) holder.stdin!.end();
    },
  };
}

/** A process that keeps namespaces until its input ends, which it also does when this process dies. */
async function hold(name: string): Promise<ChildProcess> {
  const holder = spawn('unshare', ['--net', '--uts', '--ipc', 'sh', '-c', `hostname ${name} && echo && exec cat`]);
  await once(holder.stdout, 'data');
  return holder;
}
