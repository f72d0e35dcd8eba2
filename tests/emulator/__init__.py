"""A provider emulator: answers as OpenAI, Anthropic, Gemini and Mistral do on the wire, on the loopback address only.

`Emulator` is the server, `Proxy` sends clients of the official addresses to it, and `Say`, `Fault`, `Raw`, `Cut`, `Garbled`, `Hang`, `Stall`
script what it answers. Everything it sends is the same from run to run.
"""

from tests.emulator.proxy import Proxy
from tests.emulator.script import Cut, Fault, Garbled, Hang, Raw, Say, Stall, ToolCall
from tests.emulator.server import MARK, Emulator

__all__ = ["MARK", "Cut", "Emulator", "Fault", "Garbled", "Hang", "Proxy", "Raw", "Say", "Stall", "ToolCall"]
