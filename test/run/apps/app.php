<?php
// The same in PHP, as a front controller: it is asked for everything below the mount.
header('Content-Type: text/plain');
$path = explode('?', $_SERVER['REQUEST_URI'])[0];
echo implode('|', [$_SERVER['REQUEST_METHOD'], '/mounted', rawurldecode(substr($path, strlen('/mounted'))), $_SERVER['QUERY_STRING'], file_get_contents('php://input')]);
