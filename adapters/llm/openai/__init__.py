"""The models of OpenAI, and of Ollama and every other server with the same endpoint, through the SDK of OpenAI."""
