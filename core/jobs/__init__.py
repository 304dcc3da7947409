"""A run is carried out: started, queued, trained in a process of its own or on a Ray cluster, stopped, continued."""
