"""What people did to other people's work, as the services keep it: read and verified by an operator."""
