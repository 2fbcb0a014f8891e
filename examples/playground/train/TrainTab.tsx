import { Answers } from './Answers.js';
import { run } from './client.js';
import { Controls } from './Controls.js';
import { Curves } from './Curves.js';
import { Failure } from './Failure.js';
import { Progress } from './Progress.js';
import './train.css';

/** Trains a small GPT in the page. */
export function TrainTab() {
  const state = run.value;
  return (
    <>
      <p>
        A GPT with 62 thousand weights, which starts from nothing, is asked which of two numbers is larger. Fine-tuning shows it the right
        and the wrong answer to every question, so that it learns how to answer. Which answer is right it learns only from the preferences,
        by the loss that you choose. The questions of the held-out pairs are never trained on.
      </p>
      <Controls state={state} />
      <Progress state={state} />
      {state.failure && <Failure state={state} failure={state.failure} />}
      <Curves state={state} />
      <Answers answers={state.answers} />
    </>
  );
}
