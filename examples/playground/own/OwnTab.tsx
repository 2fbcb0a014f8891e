/** An editor for a loss of the user's. */
export function OwnTab() {
  return <p>The editor is not here yet.</p>;
}
