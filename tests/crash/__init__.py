"""Real processes, killed, frozen and cut off; no acknowledged lead may be missing afterwards."""
