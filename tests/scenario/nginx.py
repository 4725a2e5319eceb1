"""nginx as a backend, in a folder of its own: files under /files, uploads under /up, pages made of parts under /made."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from world import eventually, free_port

CONFIG = """
daemon off;
worker_processes 1;
{user}
pid {place}/pid;
error_log {place}/errors warn;
events {{ worker_connections 1024; }}
http {{
    include /etc/nginx/mime.types;
    access_log {place}/access;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    client_max_body_size 0;
    sendfile on;
    gzip on;
    gzip_min_length 100;
    gzip_types text/plain;
    {more}
    server {{
        listen 127.0.0.1:{port};
        location /files {{ root {place}; }}
        location /packed {{ alias {place}/files; gzip_proxied any; }}
        location /made {{ alias {place}/files; ssi on; ssi_types *; }}
        location /up {{ root {place}; dav_methods PUT DELETE; create_full_put_path on; }}
        location /small {{ root {place}; dav_methods PUT; client_max_body_size 1k; }}
        location /nothing {{ return 204; }}
        location /away {{ return 301 /files/; }}
        location /status {{ stub_status; }}
    }}
}}
"""


def is_there():
    return shutil.which("nginx") is not None


class Nginx:
    def __init__(self, more=""):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.folder = tempfile.TemporaryDirectory()
        self.place = Path(self.folder.name)
        (self.place / "files").mkdir()
        (self.place / "up").mkdir()
        config = self.place / "nginx.conf"
        user = "user root;" if Path("/proc/self").owner() == "root" else ""
        config.write_text(CONFIG.format(place=self.place, port=self.port, more=more, user=user))
        self.process = subprocess.Popen(
            ["nginx", "-e", self.place / "errors", "-p", self.place, "-c", config], stderr=subprocess.DEVNULL
        )
        eventually(lambda: (self.place / "pid").exists() and self.is_up(), "nginx is up")

    def is_up(self):
        return subprocess.run(["curl", "-sf", "-o", "/dev/null", self.url("/status")], check=False).returncode == 0

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def put_file(self, name, content):
        (self.place / "files" / name).write_bytes(content)

    def uploaded(self, name):
        return (self.place / "up" / name).read_bytes()

    def connections(self):
        """How many it ever accepted; that of whoever asks is one of them."""
        page = subprocess.run(["curl", "-s", self.url("/status")], check=True, capture_output=True, text=True).stdout
        return int(page.split("requests\n")[1].split()[0])

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()
