"""The consoles: where publishers bring mini-apps, and where reviewers and admins answer for what they let in."""
