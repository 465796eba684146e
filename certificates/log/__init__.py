"""The public log: an append-only Merkle tree of every issue, correction and revocation.

RFC 6962 hashing, C2SP signed notes, checkpoints, tiles, witness cosignatures and `.tlog-proof` files, so that tools made
by others can follow it. The modules without tables are pure: merkle, notes, checkpoint, tiles, proof, leaves, audit.
"""
