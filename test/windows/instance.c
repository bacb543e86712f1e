/* One instance of a FastCGI application as IIS has it, without IIS: the manager of one process and its pipe.

   It makes a named pipe, starts the registered command with the pipe's server end as its standard input (standard output and
   standard error are invalid handles, as under IIS), connects to the pipe as the client, and carries bytes between the pipe
   and a TCP connection, both ways and as they are. What FastCGI is, it does not know.

       instance.exe PORT OPTIONS... -- FULLPATH ARGUMENTS

   PORT: of 127.0.0.1; two connections are made to it, told apart by their first byte: D carries the pipe's bytes, C lines.
   OPTIONS: blocking   the server end is made without FILE_FLAG_OVERLAPPED
            event      signalBeforeTerminateSeconds: an event is made, its handle is in _FCGI_SHUTDOWN_EVENT_
            first      the client's end is connected before the process is started
            log=FILE   standard output and standard error go there
            cwd=FOLDER
   Lines that it takes: connect | event | kill PID | handles PID
   Lines that it gives: pid N | connected | ended (the pipe) | exit CODE | handles PID N | error WHAT CODE
   The end of D closes the pipe; the end of C ends the process and this program. */
#include <winsock2.h>
#include <windows.h>
#include <winternl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 65536
#define NAME "\\\\.\\pipe\\IISFCGI-%lu-%lu"

static SOCKET data, control;
static HANDLE client = INVALID_HANDLE_VALUE, child;
static char name[64];
static CRITICAL_SECTION saying;

static void say(const char *format, ...) {
  char line[256];
  va_list values;
  va_start(values, format);
  int size = vsnprintf(line, sizeof line - 1, format, values);
  va_end(values);
  line[size++] = '\n';
  EnterCriticalSection(&saying);
  send(control, line, size, 0);
  LeaveCriticalSection(&saying);
}

static int fail(const char *what) {
  say("error %s %lu", what, GetLastError());
  return 1;
}

/* A read or a write of the client's end, to its end. Gives the number of bytes, 0 when the pipe has ended. */
static DWORD transfer(BOOL writes, char *bytes, DWORD size) {
  OVERLAPPED job = {0};
  DWORD done = 0;
  job.hEvent = CreateEventA(0, TRUE, FALSE, 0);
  BOOL begun = writes ? WriteFile(client, bytes, size, 0, &job) : ReadFile(client, bytes, size, 0, &job);
  if ((begun || GetLastError() == ERROR_IO_PENDING) && !GetOverlappedResult(client, &job, &done, TRUE)) done = 0;
  CloseHandle(job.hEvent);
  return done;
}

static DWORD WINAPI carry_out(LPVOID unused) {
  static char bytes[PIECE];
  for (DWORD got; (got = transfer(FALSE, bytes, PIECE)) > 0;)
    for (DWORD at = 0; at < got;) {
      int sent = send(data, bytes + at, got - at, 0);
      if (sent <= 0) return 0;
      at += sent;
    }
  say("ended");
  shutdown(data, SD_SEND);
  return 0;
}

static DWORD WINAPI carry_in(LPVOID unused) {
  static char bytes[PIECE];
  HANDLE out = CreateThread(0, 0, carry_out, 0, 0, 0);
  for (int got; (got = recv(data, bytes, PIECE, 0)) > 0;)
    for (DWORD at = 0, sent; at < (DWORD)got; at += sent)
      if ((sent = transfer(TRUE, bytes + at, got - at)) == 0) at = got; /* the pipe has ended: nobody wants these */
  /* a pipe has no half-close */
  while (WaitForSingleObject(out, 10) == WAIT_TIMEOUT) CancelIoEx(client, 0);
  CloseHandle(client);
  return 0;
}

static DWORD WINAPI watch(LPVOID unused) {
  DWORD code = 0;
  WaitForSingleObject(child, INFINITE);
  GetExitCodeProcess(child, &code);
  say("exit %lu", code);
  return 0;
}

static BOOL open_client(void) {
  client = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, 0, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, 0);
  return client != INVALID_HANDLE_VALUE;
}

static void carry(void) {
  say("connected");
  CreateThread(0, 0, carry_in, 0, 0, 0);
}

/* GetProcessHandleCount says 0 under Wine; the list of all handles of the system is right. */
static void count_handles(DWORD pid) {
  struct { ULONG Count; struct { ULONG Owner; UCHAR Type, Flags; USHORT Value; void *Object; ACCESS_MASK Access; } One[1]; } *all;
  ULONG size = 1 << 20, need = 0, count = 0;
  for (all = malloc(size); NtQuerySystemInformation(16, all, size, &need) == (NTSTATUS)0xC0000004; all = realloc(all, size)) size *= 2;
  for (ULONG i = 0; i < all->Count; i++) count += all->One[i].Owner == pid;
  free(all);
  say("handles %lu %lu", pid, count);
}

static void end_process(DWORD pid) {
  HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, pid);
  if (!process) return;
  TerminateProcess(process, 1);
  CloseHandle(process);
}

static SOCKET dial(int port, char what) {
  struct sockaddr_in to = {AF_INET, htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SOCKET one = WSASocketA(AF_INET, SOCK_STREAM, IPPROTO_TCP, 0, 0, WSA_FLAG_OVERLAPPED | 0x80 /* not inherited */);
  BOOL on = TRUE;
  setsockopt(one, IPPROTO_TCP, TCP_NODELAY, (char *)&on, sizeof on);
  if (connect(one, (struct sockaddr *)&to, sizeof to) || send(one, &what, 1, 0) != 1) exit(3);
  return one;
}

int main(int argc, char **argv) {
  WSADATA wsa;
  BOOL blocking = FALSE, event = FALSE, first = FALSE;
  const char *log = 0, *cwd = 0;
  char command[32768], line[256];
  int at = 2;
  if (argc < 4 || WSAStartup(MAKEWORD(2, 2), &wsa)) return 2;
  InitializeCriticalSection(&saying);
  for (; at < argc && strcmp(argv[at], "--"); at++) {
    if (!strcmp(argv[at], "blocking")) blocking = TRUE;
    else if (!strcmp(argv[at], "event")) event = TRUE;
    else if (!strcmp(argv[at], "first")) first = TRUE;
    else if (!strncmp(argv[at], "log=", 4)) log = argv[at] + 4;
    else if (!strncmp(argv[at], "cwd=", 4)) cwd = argv[at] + 4;
    else return 2;
  }
  if (at + 2 >= argc) return 2;
  snprintf(command, sizeof command, "\"%s\" %s", argv[at + 1], argv[at + 2]);
  data = dial(atoi(argv[1]), 'D');
  control = dial(atoi(argv[1]), 'C');

  SECURITY_ATTRIBUTES inherited = {sizeof inherited, 0, TRUE};
  snprintf(name, sizeof name, NAME, GetCurrentProcessId(), GetTickCount());
  HANDLE server = CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE | (blocking ? 0 : FILE_FLAG_OVERLAPPED),
    PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT, 1, PIECE, PIECE, 0, &inherited);
  if (server == INVALID_HANDLE_VALUE) return fail("pipe");
  if (first && !open_client()) return fail("connect");
  SetEnvironmentVariableA("_FCGI_X_PIPE_", name);
  HANDLE end = 0;
  if (event) {
    char number[24];
    end = CreateEventA(&inherited, TRUE, FALSE, 0);
    snprintf(number, sizeof number, "%lu", (unsigned long)(ULONG_PTR)end);
    SetEnvironmentVariableA("_FCGI_SHUTDOWN_EVENT_", number);
  }
  STARTUPINFOA start = {sizeof start};
  PROCESS_INFORMATION process;
  HANDLE output = log ? CreateFileA(log, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, OPEN_ALWAYS, 0, 0) : INVALID_HANDLE_VALUE;
  start.dwFlags = STARTF_USESTDHANDLES;
  start.hStdInput = server;
  start.hStdOutput = start.hStdError = output;
  if (!CreateProcessA(0, command, 0, 0, TRUE, CREATE_NO_WINDOW, 0, cwd, &start, &process)) return fail("start");
  child = process.hProcess;
  CloseHandle(process.hThread);
  CloseHandle(server);
  if (output != INVALID_HANDLE_VALUE) CloseHandle(output);
  say("pid %lu", process.dwProcessId);
  CreateThread(0, 0, watch, 0, 0, 0);
  if (first) carry();

  for (int used = 0, got; (got = recv(control, line + used, sizeof line - 1 - used, 0)) > 0;) {
    used += got;
    line[used] = 0;
    for (char *stop; (stop = strchr(line, '\n'));) {
      *stop = 0;
      if (!strcmp(line, "connect")) open_client() ? carry() : (void)fail("connect");
      else if (!strcmp(line, "event")) SetEvent(end);
      else if (!strncmp(line, "kill ", 5)) end_process(atoi(line + 5));
      else if (!strncmp(line, "handles ", 8)) count_handles(atoi(line + 8));
      else say("error line 0");
      used -= stop + 1 - line;
      memmove(line, stop + 1, used + 1);
    }
  }
  TerminateProcess(child, 1);
  return 0;
}
