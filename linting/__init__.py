"""Code becomes findings: the syntactic review. Stateless."""
