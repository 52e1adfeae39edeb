"""Mail servers and chat services, through which alerts reach people."""
