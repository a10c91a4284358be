"""What an agent may do beside answering: tools, each by a capability that its item declares."""
