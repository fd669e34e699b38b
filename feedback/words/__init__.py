"""Who writes the sentences: rules, with every check; a model afterwards, where one may and what it says holds."""
