"""Systems that Segue is measured against, each tuned on the same validation positions. See `docs/evaluation.md`."""
