declare module 'gpt-tfjs' {
  import type { LayersModel } from '@tensorflow/tfjs';

  interface GptConfig {
    vocabSize: number;
    blockSize: number;
    nLayer: number;
    nHead: number;
    nEmbd: number;
    dropout: number;
  }

  const gpt: { model: { GPTLMHeadModel(config: GptConfig): { model: LayersModel } } };
  export default gpt;
}
