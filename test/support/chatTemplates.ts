/**
 * Chat templates in the manner of well-known models, written for these tests: each has what makes it hard to find the answers in a
 * rendered conversation, and little else.
 */
export interface Family {
  readonly template: string;
  readonly config: Readonly<Record<string, unknown>>;
}

const CHATML_TURN = "{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}";
/** The text of a message after its reasoning. */
const ANSWER = "{%- set answer = m.content.split('</think>')[-1].lstrip('\\n') %}";
/** Index of the last message of the user. */
const LAST_USER = `{%- set ns = namespace(last=-1) %}
{%- for m in messages %}{%- if m.role == 'user' %}{%- set ns.last = loop.index0 %}{%- endif %}{%- endfor %}`;

export const FAMILIES = {
  'ChatML, with a default system message': {
    template: `{%- if messages[0].role != 'system' %}{{ '<|im_start|>system\\nBe kind.<|im_end|>\\n' }}{%- endif %}
{%- for m in messages %}${CHATML_TURN}{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}`,
    config: { eos_token: '<|im_end|>' },
  },
  'Llama 3': {
    template: `{{ bos_token }}{%- for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\\n\\n' + m.content | trim + '<|eot_id|>' }}{%- endfor %}
{%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}`,
    config: { bos_token: '<|begin_of_text|>', eos_token: '<|eot_id|>' },
  },
  Mistral: {
    template: `{{ bos_token }}{%- for m in messages %}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{%- endif %}
{%- if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}{%- else %}{{ ' ' + m.content + eos_token }}{%- endif %}{%- endfor %}`,
    config: { bos_token: '<s>', eos_token: '</s>' },
  },
  Gemma: {
    template: `{{ bos_token }}{%- for m in messages %}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{%- endif %}
{{- '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\\n' + m.content | trim + '<end_of_turn>\\n' }}{%- endfor %}
{%- if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{%- endif %}`,
    config: { bos_token: '<bos>', eos_token: '<eos>' },
  },
  'Phi-3': {
    template: `{%- for m in messages %}{{ '<|' + m.role + '|>\\n' + m.content + '<|end|>\\n' }}{%- endfor %}
{%- if add_generation_prompt %}{{ '<|assistant|>\\n' }}{%- else %}{{ eos_token }}{%- endif %}`,
    config: { eos_token: '<|endoftext|>' },
  },
  'gpt-oss': {
    template: `{%- for m in messages %}
{%- if m.role == 'assistant' %}
{%- if m.thinking and loop.last %}{{ '<|start|>assistant<|channel|>analysis<|message|>' + m.thinking + '<|end|>' }}{%- endif %}
{{- '<|start|>assistant<|channel|>final<|message|>' + m.content + ('<|return|>' if loop.last and not add_generation_prompt else '<|end|>') }}
{%- else %}{{ '<|start|>' + m.role + '<|message|>' + m.content + '<|end|>' }}{%- endif %}{%- endfor %}
{%- if add_generation_prompt %}{{ '<|start|>assistant' }}{%- endif %}`,
    config: { eos_token: '<|return|>' },
  },
  'Qwen3, which thinks or not': {
    template: `${LAST_USER}{%- for m in messages %}
{%- if m.role == 'assistant' %}${ANSWER}
{%- set reasoning = m.reasoning_content if m.reasoning_content else '' %}
{%- if loop.index0 > ns.last and (loop.last or reasoning) %}{{ '<|im_start|>assistant\\n<think>\\n' + reasoning + '\\n</think>\\n\\n' + answer + '<|im_end|>\\n' }}
{%- else %}{{ '<|im_start|>assistant\\n' + answer + '<|im_end|>\\n' }}{%- endif %}
{%- else %}${CHATML_TURN}{%- endif %}{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- if enable_thinking is defined and not enable_thinking %}{{ '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}`,
    config: { eos_token: '<|im_end|>' },
  },
  'Qwen3.5, whose prompt opens the thinking': {
    template: `${LAST_USER}{%- for m in messages %}
{%- if m.role == 'assistant' %}${ANSWER}
{%- if loop.index0 > ns.last %}{{ '<|im_start|>assistant\\n<think>\\n' + (m.reasoning_content or '') + '\\n</think>\\n\\n' + answer + '<|im_end|>\\n' }}
{%- else %}{{ '<|im_start|>assistant\\n' + answer + '<|im_end|>\\n' }}{%- endif %}
{%- else %}${CHATML_TURN}{%- endif %}{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}`,
    config: { eos_token: '<|im_end|>' },
  },
  'DeepSeek-V3.1': {
    template: `{{ bos_token }}{%- for m in messages %}
{%- if m.role == 'user' %}{{ '<｜User｜>' + m.content }}{%- else %}{{ '<｜Assistant｜></think>' + m.content + '<｜end of sentence｜>' }}{%- endif %}{%- endfor %}
{%- if add_generation_prompt %}{{ '<｜Assistant｜></think>' }}{%- endif %}`,
    config: { bos_token: '<｜begin of sentence｜>', eos_token: '<｜end of sentence｜>' },
  },
  'DeepSeek-R1, which forgets what it thought': {
    template: `{{ bos_token }}{%- for m in messages %}
{%- if m.role == 'user' %}{{ '<｜User｜>' + m.content }}{%- else %}{{ '<｜Assistant｜>' + m.content.split('</think>')[-1] + '<｜end of sentence｜>' }}{%- endif %}{%- endfor %}
{%- if add_generation_prompt %}{{ '<｜Assistant｜><think>\\n' }}{%- endif %}`,
    config: { bos_token: '<｜begin of sentence｜>', eos_token: '<｜end of sentence｜>' },
  },
  'Nemotron 3': {
    template: `${LAST_USER}{{ '<|im_start|>system\\n<|im_end|>\\n' }}{%- for m in messages %}
{%- if m.role == 'assistant' %}${ANSWER}{{ '<|im_start|>assistant\\n<think>' + ((m.reasoning_content or '') if loop.index0 > ns.last else '') + '</think>' + answer + '<|im_end|>\\n' }}
{%- else %}${CHATML_TURN}{%- endif %}{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}`,
    config: { eos_token: '<|im_end|>' },
  },
  'GLM-4.5, without an end of turn': {
    template: `{{ '[gMASK]<sop>' }}{%- for m in messages %}
{%- if m.role == 'assistant' %}{{ '<|assistant|>\\n<think>' + (m.reasoning_content or '') + '</think>\\n' + m.content }}{%- else %}{{ '<|' + m.role + '|>\\n' + m.content }}{%- endif %}{%- endfor %}
{%- if add_generation_prompt %}{{ '<|assistant|>' }}{%- endif %}`,
    config: { eos_token: '<|endoftext|>' },
  },
  'Command R': {
    template: `{{ bos_token }}{%- for m in messages %}
{{- '<|START_OF_TURN_TOKEN|>' + ('<|CHATBOT_TOKEN|>' if m.role == 'assistant' else '<|USER_TOKEN|>') + m.content + '<|END_OF_TURN_TOKEN|>' }}{%- endfor %}
{%- if add_generation_prompt %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{%- endif %}`,
    config: { bos_token: '<BOS_TOKEN>', eos_token: '<|END_OF_TURN_TOKEN|>' },
  },
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof FAMILIES;
