"""What the exports of a run need of this family."""
