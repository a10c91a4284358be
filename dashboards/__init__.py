"""What is seen: views of the journal. Knows the vocabulary and the stores, never Ray and never the cluster."""
