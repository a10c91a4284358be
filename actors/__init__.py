"""What runs in the cluster: the vocabulary, the models, the stores, the agents. Imports nothing else of ours."""
