"""Archives on their way to a case version: received in parts, unpacked safely, worked on by durable jobs."""
