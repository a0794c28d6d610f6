"""Matrix: rooms, threads, reactions and edits of any homeserver, through matrix-nio. Unencrypted rooms only, so far."""
