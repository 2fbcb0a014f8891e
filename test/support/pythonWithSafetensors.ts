import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const execute = promisify(execFile);
const VENV = fileURLToPath(new URL('../.venv', import.meta.url));

/**
 * The command of a Python with the `safetensors` package, in the virtual environment `test/.venv`, which is created if it is missing; or
 * the reason why there is none.
 */
export async function pythonWithSafetensors(): Promise<{ readonly command: string } | { readonly skipped: string }> {
  const command = process.platform === 'win32' ? `${VENV}\\Scripts\\python.exe` : `${VENV}/bin/python`;
  const check = async () => execute(command, ['-c', 'from safetensors import TensorSpec, deserialize, serialize']);
  try {
    await check();
    return { command };
  } catch {
    // Not created yet, or only partly.
  }
  try {
    await execute('python3', ['-m', 'venv', '--clear', VENV], { timeout: 60_000 });
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--retries', '0', 'safetensors==0.8.0'];
    await execute(command, install, { timeout: 60_000 });
    await check();
    return { command };
  } catch (error) {
    return { skipped: `no Python with safetensors: ${(error as Error).message.trim().split('\n').at(-1)!}` };
  }
}
