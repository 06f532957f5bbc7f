"""The house rules: facts about the source text that every change keeps true."""
