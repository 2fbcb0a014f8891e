/** Peak memory bandwidths in GB/s from the makers' data sheets, by the driver's name of the device. The first match wins. */
const PEAKS: readonly (readonly [RegExp, number])[] = [
  [/H200/, 4800],
  [/H100 PCIe/, 2000],
  [/H100 NVL/, 3900],
  [/H100/, 3350],
  [/A100.*80GB PCIe/, 1935],
  [/A100.*80GB/, 2039],
  [/A100/, 1555],
  [/V100/, 900],
  [/L40S/, 864],
  [/\bA10G?\b/, 600],
  [/\bL4\b/, 300],
  [/\bT4\b/, 320],
  [/RTX 5090/, 1792],
  [/RTX 4090/, 1008],
  [/RTX 4080/, 717],
  [/RTX 3090 Ti/, 1008],
  [/RTX 3090/, 936],
  [/MI300X/, 5300],
  [/RX 7900 XTX/, 960],
  [/Apple M1 Max/, 400],
  [/Apple M2 Max/, 400],
  [/Apple M1\b/, 68],
  [/Apple M2\b/, 100],
];

/** The peak bandwidth of a known device. */
export const peakOf = (device: string): number | undefined => PEAKS.find(([name]) => name.test(device))?.[1];
