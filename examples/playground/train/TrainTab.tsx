/** Trains a small GPT in the page. */
export function TrainTab() {
  return <p>Training is not here yet.</p>;
}
