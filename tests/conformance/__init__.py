"""Every operator of torch's own operator database, recorded and compared with eager torch."""
