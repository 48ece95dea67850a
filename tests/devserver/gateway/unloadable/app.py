raise RuntimeError("a missing variable ends the cold start")
